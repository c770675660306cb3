"""A stand-in for a GPU, where there is none: tensors in the CPU's memory that behave as if on another device.

    with pretended("cuda") as gpu:
        picture = torch.rand(8, 8).to(gpu)
        picture * torch.rand(8, 8)  # RuntimeError: Expected all tensors to be on the same device, ...
        picture.numpy()  # TypeError: can't convert cuda:0 device type tensor to numpy. ...

Every function of torch that Python calls runs on the CPU, and its result says that it lies on the pretended device.
What torch refuses there is refused: tensors of two devices in one call, NumPy, another device's generator, and on "mps"
float64 and the functions in `MISSING`.

It shows where tensors lie, and nothing else of a GPU: no precision, speed, memory or streams, and no kernel that is
missing or wrong there. What torch's C++ does inside of one function is taken to be right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode

KINDS = ("cuda", "mps")
"""The devices that can be pretended."""
CPU, META = torch.device("cpu"), torch.device("meta")

MISSING: dict[str, Callable[[str, tuple, dict[str, Any]], bool]] = {
    "mps": lambda name, args, kwargs: (
        name == "embedding_bag"
        or (name == "interpolate" and (kwargs.get("antialias", False) or not _is_even(args, kwargs)))
    ),
}
"""By the kind of device, whether it lacks a function, by its name and arguments: of MPS what PyTorch's issues 141287
and 162270 asked for, and means over cells of unequal sizes. Which versions have it by now is not looked at."""

TO_NUMPY = frozenset({"numpy", "__array__"})
FROM_DATA = frozenset({"tensor", "as_tensor", "asarray", "new_tensor"})
"""They read numbers, and the tensors among them from wherever those lie."""

STATE: dict[str, Any] = {
    "get_rng_state": lambda device: torch.zeros(0),
    "set_rng_state": lambda state, device: None,
}
DRIVER: dict[str, Any] = {
    "current_device": lambda: 0,
    "get_device_properties": lambda device=None: SimpleNamespace(name="pretended", major=8, minor=0),
    "synchronize": lambda device=None: None,
}
"""What ComfyUI and torch ask of torch.cuda, where it would look for a driver; and of its like."""

Call = Callable[..., Any]


class Pretended(torch.Tensor):
    """A tensor at a pretended `place`; `inner`, on the CPU, has its values."""

    inner: torch.Tensor
    place: torch.device

    @staticmethod
    def of(inner: torch.Tensor, place: torch.device) -> Pretended:
        """`inner` as if it lay at `place`, without a copy."""
        if place.type == "mps" and inner.dtype == torch.float64:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        made = torch.Tensor._make_wrapper_subclass(Pretended, inner.shape, dtype=inner.dtype, device=META)
        made.inner, made.place = inner, place
        return made

    @classmethod
    def __torch_function__(cls, func: Call, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        return _called(func, args, kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, func: Call, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        raise NotImplementedError(f"{func} was given a pretended tensor by a function that does not tell Python.")


class _Pretence(TorchFunctionMode):
    """Sees the calls that only name the device."""

    def __torch_function__(self, func: Call, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        return _called(func, args, kwargs or {})


class _Generator(torch.Generator):
    """One of any device, which draws on the CPU."""

    place: torch.device

    def __new__(cls, device: Any = CPU) -> _Generator:
        made = super().__new__(cls)
        made.place = _numbered(device)
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Where it would draw."""
        return self.place


@contextmanager
def pretended(kind: str = "cuda") -> Iterator[torch.device]:
    """Gives a device of this kind, "cuda" or "mps", that can be used as long as the context lasts."""
    with (
        mock.patch.multiple("torch.cuda", **STATE, **DRIVER),
        mock.patch.multiple("torch.mps", **STATE),
        mock.patch("torch.Generator", _Generator),
        _Pretence(),
    ):
        yield torch.device(kind, 0)


def _called(func: Call, args: tuple, kwargs: dict[str, Any]) -> Any:
    """What a function of torch gives or refuses where some of its arguments are pretended, or name the device."""
    name = _name_of(func)
    tensors = _tensors_in((args, kwargs))
    pretends = [tensor for tensor in tensors if isinstance(tensor, Pretended)]
    if pretends and name == "device":
        return pretends[0].place
    if pretends and name in ("is_cpu", *(f"is_{kind}" for kind in KINDS)):
        return name == f"is_{pretends[0].place.type}"
    named = None if func is torch.device else _named_device(name, args, kwargs)
    if not pretends and (named is None or named.type not in KINDS):
        return func(*args, **kwargs)
    if name == "_has_compatible_shallow_copy_type":
        return len(pretends) == len(tensors)
    place = named or _common_place(name, args, kwargs, tensors)
    _check(name, place, pretends, args, kwargs)
    result = func(*_mapped(args, _inner), **_mapped(kwargs, _inner))
    return _mapped(result, lambda value: _wrapped(value, place, tensors))


def _name_of(func: Call) -> str:
    """Of a property of tensors, its own."""
    name = getattr(func, "__name__", "")
    return func.__self__.__name__ if name == "__get__" else name  # type: ignore[attr-defined]


def _named_device(name: str, args: tuple, kwargs: dict[str, Any]) -> torch.device | None:
    """The device that a call asks for its result; None where it names none."""
    if name in ("cpu", "cuda"):
        return _numbered(name)
    if name in ("to", "type_as"):
        others = [*args[1:], *kwargs.values()]
        places = [_place_of(other) for other in others if isinstance(other, torch.Tensor)]
        places += [_numbered(other) for other in others if isinstance(other, (str, torch.device))]
        return next(iter(places), None)
    device = kwargs.get("device")
    if device is None and name in ("tensor", "as_tensor", "asarray") and not isinstance(args[0], torch.Tensor):
        return CPU
    return None if device is None else _numbered(device)


def _numbered(device: str | torch.device) -> torch.device:
    """As tensors say it: of several devices of a kind the first, where no other is named."""
    kind = torch.device(device)
    return kind if kind.type == "cpu" or kind.index is not None else torch.device(kind.type, 0)


def _common_place(name: str, args: tuple, kwargs: dict[str, Any], tensors: list[torch.Tensor]) -> torch.device:
    """Where the result lies; RuntimeError where torch takes no tensors of two devices."""
    place = next(_place_of(tensor) for tensor in tensors if isinstance(tensor, Pretended))
    if name in ("copy_", "__set__", *FROM_DATA) or name.endswith("_like") or name.startswith("new_"):
        return _place_of(args[0])
    if name in ("__getitem__", "__setitem__", "index_put_"):
        return _place_of_indexed(name, *args)
    target = kwargs.get("out", args[0] if name.endswith("_") and not name.endswith("__") else None)
    targets = _tensors_in([target])
    lone = [tensor for tensor in tensors if _place_of(tensor) != place]
    if any(tensor.dim() > 0 or any(tensor is each for each in targets) for tensor in lone):
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {place} and cpu! "
            f"(when calling {name})"
        )
    return place


def _place_of_indexed(name: str, values: torch.Tensor, index: Any, *given: Any) -> torch.device:
    place, indices = _place_of(values), _tensors_in([index])
    if place == CPU and any(isinstance(each, Pretended) for each in indices):
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
    for each in _tensors_in(given):
        if indices and each.dim() > 0 and _place_of(each) != place:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but got value is on {_place_of(each)}, different from "
                f"other tensors on {place} (when calling {name})"
            )
    return place


def _check(name: str, place: torch.device, pretends: list[Pretended], args: tuple, kwargs: dict[str, Any]) -> None:
    if name in TO_NUMPY and pretends:
        raise TypeError(
            f"can't convert {place} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory "
            "first."
        )
    if place.type in MISSING and MISSING[place.type](name, args, kwargs):
        raise NotImplementedError(f"The operator '{name}' is not currently implemented for the {place.type} device.")
    generator = kwargs.get("generator")
    if generator is not None and generator.device.type != place.type:
        raise RuntimeError(f"Expected a '{place.type}' device type for generator but found '{generator.device.type}'")


def _is_even(args: tuple, kwargs: dict[str, Any]) -> bool:
    """Whether `interpolate` does not have to divide pixels among the cells that it takes the mean of."""
    given = dict(zip(("input", "size"), args, strict=False)) | kwargs
    sides = zip(given["input"].shape[2:], given["size"] or (), strict=False)
    return kwargs.get("mode") != "area" or all(side % cells == 0 for side, cells in sides)


def _tensors_in(values: Any) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    _mapped(values, lambda value: found.append(value) if isinstance(value, torch.Tensor) else None)
    return found


def _mapped(values: Any, change: Callable[[Any], Any]) -> Any:
    """Lists, tuples and dicts with each value changed."""
    match values:
        case torch.Size():
            return values
        case dict():
            return {key: _mapped(value, change) for key, value in values.items()}
        case list():
            return [_mapped(value, change) for value in values]
        case tuple():
            items = [_mapped(value, change) for value in values]
            return type(values)(*items) if hasattr(values, "_fields") else type(values)(items)
        case _:
            return change(values)


def _place_of(tensor: torch.Tensor) -> torch.device:
    return tensor.place if isinstance(tensor, Pretended) else CPU


def _inner(value: Any) -> Any:
    """What a function on the CPU is given for it."""
    if isinstance(value, Pretended):
        return value.inner
    if isinstance(value, torch.device) or (isinstance(value, str) and value.split(":")[0] in KINDS):
        return CPU
    return value


def _wrapped(value: Any, place: torch.device, tensors: list[torch.Tensor]) -> Any:
    """A result at its place: the argument itself where the function gave that back, but never memory of two places."""
    if not isinstance(value, torch.Tensor):
        return value
    for tensor in tensors:
        if _inner(tensor) is value:
            if _place_of(tensor) == place:
                return tensor
            value = value.detach().clone()
            break
    return value if place == CPU else Pretended.of(value, place)
