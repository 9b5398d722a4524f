"""G and Q as ONNX graphs with named inputs and outputs and any batch size, checked before use.

generator   noise [N, noise], each code by its name [N, width] -> image [N, C, H, W] in [-1, 1]
encoder     image -> `<code>_probabilities` [N, K], or `<code>_mean` and `<code>_std` [N];
            `class_probabilities` where the objective has a head for classes, whose names are a JSON
            list in the metadata `classes`
"""

import copy
import json
import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from infogan.core import atomic
from infogan.core.errors import InfoganError
from infogan.core.random import stream
from infogan.model.model import Model
from infogan.objectives.base import parameters

Arrays = dict[str, NDArray[Any]]
Tensors = Mapping[str, Tensor]
TOLERANCE = 1e-4  # largest difference from torch of an exported image in [-1, 1] or reading
CHECKED = 64  # samples that the check runs; not the 2 that the graph is traced with
WIDE = 1 << 18  # larger weights get fewer bits in a page; small ones decide how exact it is


class ExportError(InfoganError):
    """A graph does not compute what torch computes."""


class _Generator(nn.Module):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self.g = model.g

    def forward(self, *parts: Tensor) -> Any:
        return self.g(torch.cat(parts, 1))


class _Encoder(nn.Module):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self.d, self.readings = copy.copy(model.d), model.readings
        # torch writes the names of modules into Python, where `class` is none
        heads = nn.ModuleDict({f"{name}_head": head for name, head in model.d.heads.items()})
        self.d._modules = {**model.d._modules, "heads": heads}

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """What D and Q read from images [N, C, H, W], by output name."""
        heads = {name.removesuffix("_head"): head for name, head in self.d(images).heads.items()}
        params = parameters(self.readings, heads)
        read = {own.name: own.code.outputs(params[own.name]) for own in self.readings}
        return {f"{name}_{part}": x for name, parts in read.items() for part, x in parts.items()}


@dataclass
class Graph:
    """One ONNX graph with the inputs that it is checked on and what torch makes of them."""

    name: str
    proto: ModelProto
    inputs: Arrays
    expected: Arrays
    angles: Sequence[str] = ()  # readings that are of an angle

    def error(self, proto: ModelProto | None = None) -> float:
        """Largest difference from torch over all outputs; infinite when anything is not finite."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession((proto or self.proto).SerializeToString(), options)
        found = dict(zip(self.expected, session.run([*self.expected], self.inputs), strict=True))
        mine, torchs = (comparable(outputs, self.angles) for outputs in (found, self.expected))
        worst = np.max([np.abs(mine[name] - torchs[name]).max() for name in torchs])
        return float(worst) if np.isfinite(worst) else np.inf


def comparable(outputs: Mapping[str, NDArray[Any]], angles: Iterable[str]) -> Arrays:
    """Outputs as they are compared: an angle as a complex number in its direction, of length
    κ = 1/std² but at most 1, because ±π are one value and at κ = 0 a rounding turns it anywhere."""
    result = {name: np.asarray(part, np.float64) for name, part in outputs.items()}
    for name in angles:
        std = result[f"{name}_std"]
        result[f"{name}_mean"] = np.exp(1j * result[f"{name}_mean"]) / np.maximum(std**2, 1)
        result[f"{name}_std"] = np.minimum(std, 1)
    return result


def graphs(model: Model) -> list[Graph]:
    """The generator and encoder that the objective trains; ExportError beyond TOLERANCE."""
    device = model.device
    try:
        return _graphs(model.to("cpu").eval())
    finally:
        model.to(device)


def _graphs(model: Model) -> list[Graph]:
    draw = model.latent.sample(CHECKED, stream(0, "export"))
    parts = {"noise": draw.noise, **draw.values}
    inputs = {name: part for name, part in parts.items() if part.shape[1]}
    encoder = _Encoder(model)
    with torch.inference_mode():
        images = model.g(draw.vector())
        read = encoder(images)
    found = []
    if model.config.objective.generates:
        found.append(_graph("generator", _Generator(model), inputs, {"image": images}))
    if read:
        angles = [reading.name for reading in model.readings if reading.code.periodic]
        found.append(_graph("encoder", encoder, {"image": images}, read, angles))
        if model.class_names:
            helper.set_model_props(found[-1].proto, {"classes": json.dumps(model.class_names)})
    for graph in found:
        if not (error := graph.error()) <= TOLERANCE:
            differs = f"{graph.name} differs from torch by {error:.2g}, more than {TOLERANCE:g}"
            remedy = "install onnx, onnxscript and torch as in constraints.txt"
            raise ExportError(f"the exported {differs}; nothing was written; {remedy}")
    return found


def _graph(
    name: str, module: nn.Module, inputs: Tensors, outputs: Tensors, angles: Sequence[str] = ()
) -> Graph:
    # two samples, since 1 might be frozen into the graph
    example = tuple(torch.randn(2, *part.shape[1:]) for part in inputs.values())
    any_n = tuple({0: torch.export.Dim("n")} for _ in example)
    shapes = (any_n,) if isinstance(module, _Generator) else any_n
    options: dict[str, Any] = {"dynamo": True, "dynamic_shapes": shapes, "verbose": False}
    options |= {"input_names": [*inputs], "output_names": [*outputs]}
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # torch says at length that torchvision is absent
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own deprecations
            program = torch.onnx.export(module.eval(), example, **options)
    finally:
        logger.setLevel(level)
    assert program is not None
    proto = program.model_proto
    proto.producer_name = "infogan"
    for part in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info):
        del part.metadata_props[:]  # torch's stack traces, with the paths of this machine
    onnx.checker.check_model(proto)
    given = {name: tensor.contiguous().numpy() for name, tensor in inputs.items()}
    expected = {name: tensor.contiguous().numpy() for name, tensor in outputs.items()}
    return Graph(name, proto, given, expected, angles)


def compact(graph: Graph, tolerance: float, bits: Sequence[int] = (10, 11, 12, 14)) -> ModelProto:
    """The graph with wide weights in the fewest of `bits` within the tolerance, else as it is."""
    protos = (_stored(graph.proto, number) for number in bits)
    return next((proto for proto in protos if graph.error(proto) <= tolerance), graph.proto)


def _stored(proto: ModelProto, bits: int) -> ModelProto:
    """Wide weights as whole numbers of `bits` bits by row, w = scale (hi 2^b + lo). hi and lo lie
    apart, for gzip finds a code for each; the runtime folds the sum back when it loads."""
    result = copy.deepcopy(proto)
    graph, low, kept, nodes = result.graph, bits - 8, list[TensorProto](), []
    for tensor in graph.initializer:
        weight = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or weight.size <= WIDE:
            kept.append(tensor)
            continue
        own, each = tensor.name, tuple(range(1, weight.ndim))
        largest = np.maximum(np.abs(weight).max(each, keepdims=True), 1e-30)
        scale = largest / (2 ** (bits - 1) - 1)
        whole = np.rint(weight / scale).astype(np.int32)
        hi, lo = (whole >> low).astype(np.int8), (whole & (2**low - 1)).astype(np.uint8)
        for at, numbers, factor in ((f"{own}.hi", hi, scale * 2**low), (f"{own}.lo", lo, scale)):
            kept.append(numpy_helper.from_array(numbers, at))
            kept.append(numpy_helper.from_array(factor, f"{at}.scale"))
            nodes.append(helper.make_node("Cast", [at], [f"{at}.float"], to=TensorProto.FLOAT))
            nodes.append(helper.make_node("Mul", [f"{at}.float", f"{at}.scale"], [f"{at}.scaled"]))
        nodes.append(helper.make_node("Add", [f"{own}.hi.scaled", f"{own}.lo.scaled"], [own]))
    body = list(graph.node)
    for field, values in (("initializer", kept), ("node", nodes + body), ("value_info", [])):
        graph.ClearField(field)
        getattr(graph, field).extend(values)
    onnx.checker.check_model(result)
    return result


def export(model: Model, folder: Path) -> list[Path]:
    """Write generator.onnx and encoder.onnx, or none unless all agree with torch; the paths."""
    written = {folder / f"{graph.name}.onnx": graph.proto for graph in graphs(model)}
    for path, proto in written.items():
        write(path, proto.SerializeToString())
    return list(written)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; RunError naming the cause, with the old file intact."""
    with atomic.writing(path, len(content)), atomic.whole(path) as partial:
        partial.write_bytes(content)
