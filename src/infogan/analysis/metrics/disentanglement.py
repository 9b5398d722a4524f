"""How far each code stands for one factor, and each factor for one code: functions of codes and
factors, [n, d] and [n, F]. MEASURES is the table of them; docs/factors.md says what each tells.

Every predictor learns from some of the images and is scored on others.
"""

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from infogan.analysis.metrics import probes
from infogan.analysis.metrics.encoded import INFORMED, Encoded, Labels, Values, generator
from infogan.information import estimators

Scores = Mapping[str, float]
SHARED = 64  # images, or pairs of them, behind a vote of FactorVAE and a point of beta-VAE
VOTES = 3000  # of FactorVAE, and points of beta-VAE, to learn from; as many are scored
BINS = 20  # of equal width, of the published MIG
TREES, LEAF = 20, 5  # of DCI's forest; images in a leaf, at least


def score(seen: Encoded, seed: int = 0) -> dict[str, float]:
    """Every score of MEASURES, by name. seed: of splits, draws and forests."""
    return {name: value for measure in MEASURES for name, value in measure(seen, seed).items()}


def beta_vae(seen: Encoded, seed: int = 0) -> Scores:
    """beta_vae (Higgins 2017): accuracy with which a linear classifier says which factor the images
    of each of SHARED pairs have in common, from the mean absolute difference of each code.

    From 1/F, by chance, to 1.
    """
    rng, points, answers = generator(seed, "beta vae"), list[Values](), list[Labels]()
    for rows in seen.split(seed):
        differences = []
        for factor in seen.factors[rows].T:
            pairs = rows[_sharing(factor, VOTES // seen.f * SHARED, 2, rng)]
            apart = np.abs(seen.features[pairs[:, 0]] - seen.features[pairs[:, 1]])
            means = apart.reshape(-1, SHARED, apart.shape[1]).mean(1)  # [points, W]
            differences.append(seen.of_codes(means.T).T)
        points.append(np.concatenate(differences))
        answers.append(np.repeat(np.arange(seen.f), VOTES // seen.f))
    mean, std = points[0].mean(0), points[0].std(0)
    learned, scored = ((part - mean) / np.where(std > 0, std, 1) for part in points)
    told = probes.logistic(learned, answers[0], scored).argmax(1)
    return {"beta_vae": float((told == answers[1]).mean())}


def factor_vae(seen: Encoded, seed: int = 0) -> Scores:
    """factor_vae (Kim, Mnih 2018, arXiv:1802.05983): accuracy with which the code that varies least
    among SHARED images that have a factor in common, over its variance in all images, says which
    factor that is.

    From 1/F, by chance, to 1. A dead code has no vote; 1/F where all codes are dead.
    """
    if not seen.alive.any():
        return {"factor_vae": 1 / seen.f}
    rng, ballots = generator(seed, "factor vae"), list[Labels]()
    overall = np.where(seen.alive, seen.of_codes(seen.features.var(0)), 1)[:, None]
    for rows in seen.split(seed):
        votes = np.zeros((seen.d, seen.f), np.int64)  # of each code for each factor
        for j, factor in enumerate(seen.factors[rows].T):
            images = rows[_sharing(factor, VOTES // seen.f, SHARED, rng)]
            ratio = seen.of_codes(seen.features[images].var(1).T) / overall  # [d, votes]
            ratio[~seen.alive] = np.inf
            votes[:, j] = np.bincount(ratio.argmin(0), minlength=seen.d)
        ballots.append(votes)
    learned, scored = ballots
    right = scored[np.arange(seen.d), learned.argmax(1)].sum()
    return {"factor_vae": float(right / scored.sum())}


def _sharing(factor: Labels, draws: int, size: int, rng: np.random.Generator) -> Labels:
    """[draws, size] places of images that share the value of a factor [n] with one that is drawn at
    random; a value that occurs once is passed over, since nothing shares it."""
    order, counts = np.argsort(factor, kind="stable"), np.bincount(factor)
    first = np.cumsum(counts) - counts
    value = rng.choice(factor[counts[factor] > 1], draws)[:, None]
    within = rng.random((draws, size)) * counts[value]
    return np.asarray(order[first[value] + within.astype(np.int64)])


def mig(seen: Encoded, _: int = 0) -> Scores:
    """mig, the mutual information gap (Chen 2018, arXiv:1802.04942): how much more of a factor's
    entropy the best code knows than the second best, mean over factors; from 0 to 1.

    mig_20: the same as published, with numbers cut into BINS bins of equal width. mig_20_ceiling:
    what that gives where the codes are the factors, below 1 for factors of more than BINS values.
    """
    alive = np.flatnonzero(seen.alive).tolist()
    codes = [_cut(seen.codes[:, i], i not in seen.nominal_codes) for i in alive]
    factors = [_cut(factor, j not in seen.nominal) for j, factor in enumerate(seen.factors.T)]
    ceiling = float(np.diag(_shares(factors, seen)).mean())
    return {"mig": gap(seen.nmi), "mig_20": gap(_shares(codes, seen)), "mig_20_ceiling": ceiling}


def _cut(values: Values | Labels, number: bool) -> Labels:
    """[n] which of BINS bins of equal width each number is in; a category is a bin of its own."""
    if not number:
        return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)
    share = (values - values.min()) / np.ptp(values)
    return np.asarray(np.minimum(share * BINS, BINS - 1), np.int64)


def _shares(labels: list[Labels], seen: Encoded) -> Values:
    """[d, F] plug-in I of d labellings [n] with each factor, over the factor's plug-in entropy."""
    own = [float(estimators.plug_in_entropy(v, miller_madow=False)) for v in seen.factors.T]
    table = [
        [
            float(estimators.plug_in_mutual_information(one, v, miller_madow=False))
            for v in seen.factors.T
        ]
        for one in labels
    ]
    return np.array(table).reshape(-1, seen.f) / own


def gap(table: Values) -> float:
    """How far the largest of a column is above the next, mean over the columns of [d, F]; with a
    single row, how far above 0."""
    second, first = np.sort(np.vstack([table, np.zeros((2, table.shape[1]))]), axis=0)[-2:]
    return float((first - second).mean())


def sap(seen: Encoded, seed: int = 0) -> Scores:
    """sap (Kumar 2018, arXiv:1711.00848): how much better the best code alone predicts a factor
    than the second best alone, mean over factors: by the R² of a line, for a nominal factor by the
    balanced accuracy of a tree.

    From 0 to 1, for a nominal factor of K values to 1 - 1/K: a code that says nothing gets 1/K.
    """
    split, table = seen.split(seed), np.empty((seen.d + 1, seen.f))
    for j, factor in enumerate(seen.factors.T):
        predicted = probes.tree_accuracy if j in seen.nominal else probes.linear_r2
        nothing = np.zeros((len(seen), 1))  # so that a single code is above something
        table[:, j] = [predicted(parts, factor, split) for parts in (*seen.columns, nothing)]
    return {"sap": gap(table)}


def dci(seen: Encoded, seed: int = 0) -> Scores:
    """DCI (Eastwood, Williams 2018), from the importance R_ij of code i in a random forest that
    predicts factor j. From 0 to 1.

    dci: disentanglement, how far each code matters for one factor alone, mean over codes by their
    share of all importance. completeness: how far one code alone matters for each factor.
    informativeness: the forest's R², for a nominal factor its accuracy.
    """
    learned, scored = seen.split(seed)
    forest_seed = int(generator(seed, "dci").integers(2**31))
    importance, predicted = np.zeros((seen.d, seen.f)), np.zeros(seen.f)
    for j, factor in enumerate(seen.factors.T):
        forest = (RandomForestClassifier if j in seen.nominal else RandomForestRegressor)(
            TREES, max_features=None, min_samples_leaf=LEAF, random_state=forest_seed
        )
        forest.fit(seen.features[learned], factor[learned])
        importance[:, j] = seen.of_codes(forest.feature_importances_)
        predicted[j] = max(0.0, forest.score(seen.features[scored], factor[scored]))
    weight = importance.sum(1) / max(importance.sum(), 1e-300)
    return {
        "dci": float(weight @ concentration(importance)),
        "completeness": float(concentration(importance.T).mean()),
        "informativeness": float(predicted.mean()),
    }


def concentration(table: Values) -> Values:
    """[rows] 1 - H / ln K of the shares in each row of [rows, K]: 1 where one of K holds all, 0
    where all hold the same; 1 where K is 1, 0 for a row of zeros.

    >>> concentration(np.array([[0, 2.0], [1, 1], [0, 0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    total = table.sum(1, keepdims=True)
    shares = table / np.where(total > 0, total, 1)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(1)
    most = np.log(table.shape[1]) if table.shape[1] > 1 else 1.0
    return np.where(total[:, 0] > 0, 1 - entropy / most, 0)


def modularity(seen: Encoded, _: int = 0) -> Scores:
    """modularity (Ridgeway, Mozer 2018, arXiv:1802.05312): 1 - sum_{j != best} m_j² / (m_best² (F -
    1)) of the information m_j of a code with factor j, mean over informative codes; from 0 to 1, 0
    where no code is informative."""
    squares = (seen.nmi * seen.entropy)[seen.informative] ** 2
    best = squares.max(1, initial=0)
    spread = (squares.sum(1) - best) / (best * (seen.f - 1))
    return {"modularity": float((1 - spread).mean()) if len(spread) else 0.0}


def explicitness(seen: Encoded, seed: int = 0) -> Scores:
    """explicitness (Ridgeway, Mozer 2018): how well a logistic regression on all codes separates
    each value of a factor from the others: area under the ROC curve, mean over values, then over
    factors; from .5, by chance, to 1.

    info_e, InfoE (Hsu 2023, arXiv:2305.18378): the share of the information about a factor that a
    linear predictor on all codes can use, mean over factors: the R² of a line, for a nominal factor
    from the log loss of the logistic regression; from 0 to 1.
    """
    x, (learned, scored), found = seen.features, seen.split(seed), []
    for j, factor in enumerate(seen.factors.T):
        probs, truth = probes.logistic(x[learned], factor[learned], x[scored]), factor[scored]
        share = probes.linear_r2(x, factor, (learned, scored))
        if j in seen.nominal:
            share = probes.usable(probs, truth, factor[learned])
        found.append((probes.separation(probs, truth), share))
    areas, shares = zip(*found, strict=True)
    return {"explicitness": float(np.mean(areas)), "info_e": float(np.mean(shares))}


def infomec(seen: Encoded, _: int = 0) -> Scores:
    """info_m, InfoM, and info_c, InfoC (Hsu 2023, arXiv:2305.18378), from the shares of each
    factor's entropy that the informative codes know: (mean of largest / sum - 1/K) / (1 - 1/K), of
    each code over K factors for modularity, of each factor over K codes for compactness.

    From 0 to 1, 0 where no code is informative. A factor that no code knows counts as 0 in info_c.
    """
    shares = seen.nmi[seen.informative]
    return {"info_m": _singled(shares), "info_c": _singled(shares.T)}


def _singled(table: Values) -> float:
    """How far the largest of each row [rows, K] stands alone, mean over the rows; 0 for a row with
    nothing from INFORMED on."""
    if not table.size:
        return 0.0
    k, known = table.shape[1], table.max(1) >= INFORMED
    ratio = table[known].max(1) / table[known].sum(1)
    alone = (ratio - 1 / k) / (1 - 1 / k) if k > 1 else ratio
    return float(alone.sum() / len(table))


MEASURES: tuple[Callable[[Encoded, int], Scores], ...] = (
    factor_vae,
    beta_vae,
    mig,
    sap,
    dci,
    modularity,
    explicitness,
    infomec,
)
"""Everything that is measured of codes and factors. A new metric is a row here."""
