"""Simple predictors of one variable from others: how much of it they can use. Each learns from some
samples and predicts others, [m] of n."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.tree import DecisionTreeClassifier

Values = NDArray[np.float64]
Labels = NDArray[np.int64]
Split = tuple[Labels, Labels]  # samples that are learned from, and others that are predicted
WEIGHT = 1e4  # C of the logistic regression: nearly no penalty, so that it can be certain
ITERATIONS = 100  # of it, at most: stopping there is part of the definition
LEAVES = 2  # of the tree, for each value that it tells apart or each column that it looks at


def linear_r2(x: Values, y: Labels, split: Split) -> float:
    """R² of a line through y [n] over x [n, w], at least 0: also the information that a Gaussian of
    fixed variance about a line can use, as a share of what there is (Xu 2020, arXiv:2002.10689)."""
    learned, scored = split
    line = LinearRegression().fit(x[learned], y[learned])
    return max(0.0, float(r2_score(y[scored], line.predict(x[scored]))))


def tree_accuracy(x: Values, y: Labels, split: Split) -> float:
    """Balanced accuracy of a shallow decision tree that tells labels y [n] from x [n, w]: the mean
    over labels of the share that is recognised; one over their number for an x that says nothing.

    Unlike that of a linear classifier it does not change with the scale or the order of x.
    """
    learned, scored = split
    leaves = LEAVES * max(len(np.unique(y)), x.shape[1])
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, class_weight="balanced", random_state=0)
    told = tree.fit(x[learned], y[learned]).predict(x[scored]) == y[scored]
    return float(np.mean([told[y[scored] == label].mean() for label in np.unique(y[scored])]))


def logistic(x: Values, y: Labels, new: Values) -> Values:
    """[m, K] probabilities that a multinomial logistic regression of labels y [n], 0..K-1, on x
    [n, w] gives new samples [m, w]; a label that is not among y has none."""
    if not np.ptp(y):
        return np.asarray(np.eye(int(y[0]) + 1)[np.full(len(new), y[0])])
    model = LogisticRegression(C=WEIGHT, max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = model.fit(x, y).predict_proba(new)
    probs = np.zeros((len(new), int(y.max()) + 1))
    probs[:, model.classes_] = found
    return probs


def separation(probs: Values, y: Labels) -> float:
    """Area under the ROC curve of each label against the rest, mean over the labels of y [m]; .5
    for probabilities [m, K] that say nothing, and where y has a single label."""
    labels = [label for label in np.unique(y) if label < probs.shape[1] and np.ptp(y)]
    areas = [roc_auc_score(y == label, probs[:, label]) for label in labels]
    return float(np.mean(areas)) if areas else 0.5


def usable(probs: Values, y: Labels, known: Labels) -> float:
    """The information about labels y [m] that probabilities [m, K] give over the frequencies of the
    labels known [n], as a share of what there is, at least 0. Labels not among the known are left
    out, since a frequency of 0 would make it infinite."""
    frequency = np.bincount(known) / len(known)
    there = y[np.isin(y, known)]
    given = probs[np.isin(y, known)][np.arange(len(there)), there]
    lost, uncertain = (-np.log(np.maximum(p, 1e-300)).mean() for p in (given, frequency[there]))
    return max(0.0, float(1 - lost / uncertain)) if uncertain > 0 else 0.0
