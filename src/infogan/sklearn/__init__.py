"""Estimators for scikit-learn: clusters without labels, and classifiers that learn from some.

    from infogan.sklearn import InfoGANClusterer
    labels = InfoGANClusterer(n_clusters=10, random_state=0).fit(X).labels_

They are a door to what the package has: settings, the one trainer, and `Model`.
docs/scikit-learn.md says what they take and give.
"""

from infogan.sklearn.classifiers import ACGANClassifier as ACGANClassifier
from infogan.sklearn.classifiers import CatGANClassifier as CatGANClassifier
from infogan.sklearn.classifiers import ImprovedGANClassifier as ImprovedGANClassifier
from infogan.sklearn.classifiers import SemiGANClassifier as SemiGANClassifier
from infogan.sklearn.clusterer import InfoGANClusterer as InfoGANClusterer

__all__ = [
    "ACGANClassifier",
    "CatGANClassifier",
    "ImprovedGANClassifier",
    "InfoGANClusterer",
    "SemiGANClassifier",
]
