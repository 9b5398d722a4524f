"""The papers that a run rests on, by what its settings use."""

from collections.abc import Iterator

from infogan.config.settings import RunConfig
from infogan.networks import Dcgan
from infogan.objectives.infogan import InfoGAN
from infogan.objectives.terms import AdversarialObjective, Consistency

PAPERS = {
    "infogan": (
        "Chen, Xi and Duan, Yan and Houthooft, Rein and Schulman, John and Sutskever, Ilya and "
        "Abbeel, Pieter",
        "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative "
        "Adversarial Nets",
        2016,
        "1606.03657",
    ),
    "infogan_cr": (
        "Lin, Zinan and Thekumparampil, Kiran K. and Fanti, Giulia and Oh, Sewoong",
        "InfoGAN-CR and ModelCentrality: Self-supervised Model Training and Selection for "
        "Disentangling GANs",
        2020,
        "1906.06034",
    ),
    "gan": (
        "Goodfellow, Ian and Pouget-Abadie, Jean and Mirza, Mehdi and Xu, Bing and Warde-Farley, "
        "David and Ozair, Sherjil and Courville, Aaron and Bengio, Yoshua",
        "Generative Adversarial Networks",
        2014,
        "1406.2661",
    ),
    "dcgan": (
        "Radford, Alec and Metz, Luke and Chintala, Soumith",
        "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial "
        "Networks",
        2015,
        "1511.06434",
    ),
    "spectral": (
        "Miyato, Takeru and Kataoka, Toshiki and Koyama, Masanori and Yoshida, Yuichi",
        "Spectral Normalization for Generative Adversarial Networks",
        2018,
        "1802.05957",
    ),
    "semigan": (
        "Odena, Augustus",
        "Semi-Supervised Learning with Generative Adversarial Networks",
        2016,
        "1606.01583",
    ),
    "catgan": (
        "Springenberg, Jost Tobias",
        "Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial "
        "Networks",
        2015,
        "1511.06390",
    ),
    "improvedgan": (
        "Salimans, Tim and Goodfellow, Ian and Zaremba, Wojciech and Cheung, Vicki and Radford, "
        "Alec and Chen, Xi",
        "Improved Techniques for Training GANs",
        2016,
        "1606.03498",
    ),
    "acgan": (
        "Odena, Augustus and Olah, Christopher and Shlens, Jonathon",
        "Conditional Image Synthesis with Auxiliary Classifier GANs",
        2016,
        "1610.09585",
    ),
    "imsat": (
        "Hu, Weihua and Miyato, Takeru and Tokui, Seiya and Matsumoto, Eiichi and Sugiyama, "
        "Masashi",
        "Learning Discrete Representations via Information Maximizing Self-Augmented Training",
        2017,
        "1702.08720",
    ),
    "simclr": (
        "Chen, Ting and Kornblith, Simon and Norouzi, Mohammad and Hinton, Geoffrey",
        "A Simple Framework for Contrastive Learning of Visual Representations",
        2020,
        "2002.05709",
    ),
    "r3gan": (
        "Huang, Yiwen and Gokaslan, Aaron and Kuleshov, Volodymyr and Tompkin, James",
        "The GAN is dead; long live the GAN! A Modern GAN Baseline",
        2025,
        "2501.05441",
    ),
    "apt": (
        "Lin, Shanchuan and Xia, Xin and Ren, Yuxi and Yang, Ceyuan and Xiao, Xuefeng and Jiang, "
        "Lu",
        "Diffusion Adversarial Post-Training for One-Step Video Generation",
        2025,
        "2501.08316",
    ),
    "groupnorm": (
        "Wu, Yuxin and He, Kaiming",
        "Group Normalization",
        2018,
        "1803.08494",
    ),
    "diffaugment": (
        "Zhao, Shengyu and Liu, Zhijian and Lin, Ji and Zhu, Jun-Yan and Han, Song",
        "Differentiable Augmentation for Data-Efficient GAN Training",
        2020,
        "2006.10738",
    ),
    "efficientnet": (
        "Tan, Mingxing and Le, Quoc V.",
        "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        2019,
        "1905.11946",
    ),
    "fashionmnist": (
        "Xiao, Han and Rasul, Kashif and Vollgraf, Roland",
        "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
        2017,
        "1708.07747",
    ),
}
"""Authors, title, year and arXiv number of each, by its key."""

MNIST = """@article{mnist,
  author  = {LeCun, Yann and Bottou, Léon and Bengio, Yoshua and Haffner, Patrick},
  title   = {Gradient-Based Learning Applied to Document Recognition},
  journal = {Proceedings of the IEEE},
  volume  = {86},
  number  = {11},
  pages   = {2278--2324},
  year    = {1998},
}"""


def used(config: RunConfig) -> Iterator[str]:
    """Keys of the papers that these settings use, the method's own first."""
    objective = config.objective
    if objective.kind in PAPERS:
        yield objective.kind
    if isinstance(objective, AdversarialObjective) and objective.kind != "gan":
        yield "gan"
    if isinstance(objective, Consistency) and objective.needs_views:
        yield "imsat"
    if isinstance(objective, InfoGAN) and objective.cr:
        yield "infogan_cr"
    if isinstance(objective, InfoGAN) and objective.contrasts:
        yield "simclr"
    if isinstance(objective, AdversarialObjective) and objective.game == "relativistic":
        yield "r3gan"
    if isinstance(objective, AdversarialObjective) and objective.penalty:
        yield "apt"
    if config.game_augment is not None:
        yield "diffaugment"
    if config.networks.kind != "mlp":
        yield "dcgan"
    if isinstance(config.networks, Dcgan) and config.networks.norm == "spectral":
        yield "spectral"
    close_ups = any(code.close for code in config.latent.codes.values())
    if close_ups or getattr(config.networks, "norm", None) == "group":
        yield "groupnorm"
    if config.networks.kind == "projected":
        yield "efficientnet"
    if config.data.name == "fashion-mnist":
        yield "fashionmnist"
    if config.data.name in ("mnist", "digits"):
        yield "mnist"


def bibtex(config: RunConfig, version: str) -> str:
    """BibTeX entries of this software and of the papers that these settings use."""
    own = f"""@software{{infogan_software,
  author  = {{{{The infogan authors}}}},
  title   = {{infogan: classes and continuous factors in images without labels}},
  version = {{{version}}},
}}"""
    return "\n\n".join([own, *(_entry(key) for key in used(config))])


def _entry(key: str) -> str:
    if key == "mnist":
        return MNIST
    authors, title, year, number = PAPERS[key]
    return f"""@misc{{{key},
  author        = {{{authors}}},
  title         = {{{{{title}}}}},
  year          = {{{year}}},
  eprint        = {{{number}}},
  archivePrefix = {{arXiv}},
}}"""
