"""Reads a pickle as data. Nothing is imported, called or built: every class and every call becomes a `Stub`.

Own code because Python's pickle runs what a file says, and `torch.load(weights_only=True)` refuses these files unless
classes of ultralytics are imported and allowed for the whole process.

The opcodes are those of Python's pickletools; tensors keep the form torch.save gives them (`_rebuild_tensor_v2` over
a persistent storage id) and stay references until someone asks the archive for their bytes.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

MAX_PICKLE = 4 * 2**20
"""Bytes; the pickle of a YOLOv8x checkpoint has 0.4 MB. One byte can cost a 64-byte dict, so this bounds memory too."""

NAMESPACES = ("ultralytics.", "models.", "torch.nn.", "torchvision.transforms.")
"""Where the classes of YOLO checkpoints live. They are read as inert stubs, so the list can afford to be generous."""

NAMES = frozenset(
    {
        "__builtin__.getattr",
        "__builtin__.set",
        "_codecs.encode",
        "argparse.Namespace",
        "builtins.getattr",
        "builtins.set",
        "collections.OrderedDict",
        "collections.defaultdict",
        "datetime.datetime",
        "dill._dill._load_type",
        "functools.partial",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.dtype",
        "numpy.ndarray",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "pathlib._local.PosixPath",
        "pathlib._local.WindowsPath",
        "torch.Size",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_tensor_v2",
        "torch.device",
        "types.SimpleNamespace",
    }
)

DTYPES = {
    "BFloat16": torch.bfloat16,
    "Bool": torch.bool,
    "Byte": torch.uint8,
    "Char": torch.int8,
    "Double": torch.float64,
    "Float": torch.float32,
    "Half": torch.float16,
    "Int": torch.int32,
    "Long": torch.int64,
    "Short": torch.int16,
}
"""Of the torch storage kinds, by the name in `torch.<kind>Storage`."""


class InertError(ValueError):
    """Why a pickle is refused; the message continues "the file ..."."""


@dataclass(frozen=True, eq=False)
class Global:
    """A name the pickle refers to, never looked up."""

    name: str


@dataclass(frozen=True, eq=False)
class Stub:
    """What would have been an object: the name of its class or function, and the attributes it was given.

    The dicts of attributes are kept as they came: copying one into each of many stubs could fill the memory.
    """

    name: str
    states: list[dict[Any, Any]] = field(default_factory=list)

    def get(self, attribute: str) -> Any:
        """The attribute's last value, or None."""
        return next((state[attribute] for state in reversed(self.states) if attribute in state), None)


@dataclass(frozen=True, eq=False)
class Storage:
    """A torch storage in the archive: `data/<key>` holds `count` elements of `kind`."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True, eq=False)
class TensorRef:
    """A view of a storage that was checked to lie inside it and to repeat no element."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many elements."""
        return math.prod(self.shape)


MARK = Global("mark")


def read(data: bytes) -> Any:
    """The object tree of a pickle of primitives, lists, tuples, dicts, Stub, Global and TensorRef. InertError."""
    if len(data) > MAX_PICKLE:
        raise InertError(f"describes its network in {len(data)} bytes; at most {MAX_PICKLE} are read")
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            machine.step(opcode.name, argument)
    except (IndexError, KeyError, TypeError, OverflowError):
        raise InertError("is damaged: its description of the network makes no sense") from None
    except InertError:
        raise
    except ValueError:  # pickletools: a cut or unknown opcode, or text that is not UTF-8
        raise InertError("is damaged: its description of the network is cut off or garbled") from None
    return machine.result


class _Machine:
    """The pickle machine's stack and memo, with an effect for each opcode that torch.save and dill write."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.result: Any = None

    def step(self, opcode: str, argument: Any) -> None:
        if opcode in PUSHED:
            self.stack.append(argument)
        elif opcode in EFFECTS:
            EFFECTS[opcode](self, argument)
        else:
            raise InertError(f"uses the pickle instruction {opcode}, which no YOLO checkpoint needs")

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is MARK:
            raise IndexError
        return value

    def pop_to_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self.stack.pop()) is not MARK:
            items.append(item)
        return items[::-1]

    def push_tuple(self, count: int) -> None:
        self.stack.append(tuple([self.pop() for _ in range(count)][::-1]))

    def extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)

    def update(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            return  # items given to a class that is only a stub here
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Other keys are never read here. Hashing nested tuples recurses without a limit, and numbers of any
            # size can be chosen to collide.
            if isinstance(key, str) or (isinstance(key, int) and abs(key) < 2**31):
                target[key] = value

    def refer(self, name: str) -> None:
        """Push the Global `name`, if it can belong to a YOLO checkpoint."""
        kind = name.removeprefix("torch.")
        harmless = kind.removesuffix("Storage") in DTYPES or kind.startswith(("float", "int", "uint", "bfloat"))
        if name not in NAMES and not name.startswith(NAMESPACES) and not (harmless and name.startswith("torch.")):
            raise InertError(f"asks Python for {name[:80]!r}, which is no part of a YOLO checkpoint")
        self.stack.append(Global(name))

    def refer_by_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise TypeError
        self.refer(f"{module}.{name}")

    def call(self) -> None:
        args, function = self.pop(), self.pop()
        if not isinstance(function, Global) or not isinstance(args, tuple):
            self.stack.append(Stub(""))
            return
        match function.name:
            case "torch._utils._rebuild_tensor_v2":
                self.stack.append(_tensor(*args[:4]))
            case "torch._utils._rebuild_parameter":
                self.stack.append(args[0])
            case "collections.OrderedDict" | "collections.defaultdict":
                self.stack.append({})
            case "torch.Size":
                self.stack.append(args[0])
            case name:
                self.stack.append(Stub(name))

    def build(self) -> None:
        state, target = self.pop(), self.stack[-1]
        if not isinstance(target, Stub):
            return
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)  # (__dict__, slots) or __dict__
        target.states.extend(part for part in parts if isinstance(part, dict))

    def remember(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def stop(self) -> None:
        self.result = self.pop()

    def load_storage(self) -> None:
        """Push the storage of a persistent id: ("storage", torch.<kind>Storage, key, device, element count)."""
        _, kind, key, _, count = self.pop()
        if not isinstance(kind, Global) or not isinstance(key, str) or not isinstance(count, int):
            raise TypeError
        self.stack.append(Storage(kind.name.removeprefix("torch.").removesuffix("Storage"), key, count))


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any) -> TensorRef:
    """A tensor whose every number is checked here, so that no view can reach outside its storage."""
    if not isinstance(storage, Storage) or storage.kind not in DTYPES:
        raise InertError("holds a tensor of an unknown kind")
    if not isinstance(shape, tuple) or not isinstance(stride, tuple) or len(shape) != len(stride) or len(shape) > 8:
        raise InertError("holds a tensor without a proper shape")
    numbers = (storage.count, offset, *shape, *stride)
    if not all(type(number) is int and 0 <= number < 2**40 for number in numbers):
        raise InertError("holds a tensor with an impossible size")
    tensor = TensorRef(storage, offset, shape, stride)
    reach = 0
    for step, side in sorted(zip(stride, shape, strict=True)):
        if side > 1 and step <= reach:
            raise InertError("holds a tensor that repeats its own data")
        reach += (side - 1) * step
    if tensor.count and offset + reach >= storage.count:
        raise InertError("holds a tensor that reaches outside its own data")
    return tensor


PUSHED = frozenset(
    {
        *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
        *("BINUNICODE", "BINUNICODE8", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"),
        *("BINBYTES", "BINBYTES8", "SHORT_BINBYTES"),
    }
)
"""Opcodes that push their own argument. The text opcodes of protocol 0 are left out: torch.save never writes them."""

EFFECTS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda m, _: None,
    "FRAME": lambda m, _: None,
    "NONE": lambda m, _: m.stack.append(None),
    "NEWTRUE": lambda m, _: m.stack.append(True),
    "NEWFALSE": lambda m, _: m.stack.append(False),
    "MARK": lambda m, _: m.stack.append(MARK),
    "EMPTY_LIST": lambda m, _: m.stack.append([]),
    "EMPTY_SET": lambda m, _: m.stack.append([]),
    "EMPTY_DICT": lambda m, _: m.stack.append({}),
    "EMPTY_TUPLE": lambda m, _: m.stack.append(()),
    "TUPLE": lambda m, _: m.stack.append(tuple(m.pop_to_mark())),
    "TUPLE1": lambda m, _: m.push_tuple(1),
    "TUPLE2": lambda m, _: m.push_tuple(2),
    "TUPLE3": lambda m, _: m.push_tuple(3),
    "APPEND": lambda m, _: m.extend([m.pop()]),
    "APPENDS": lambda m, _: m.extend(m.pop_to_mark()),
    "ADDITEMS": lambda m, _: m.extend(m.pop_to_mark()),
    "SETITEM": lambda m, _: m.update([m.pop(), m.pop()][::-1]),
    "SETITEMS": lambda m, _: m.update(m.pop_to_mark()),
    "BINPUT": lambda m, index: m.remember(index),
    "LONG_BINPUT": lambda m, index: m.remember(index),
    "MEMOIZE": lambda m, _: m.remember(len(m.memo)),
    "BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "LONG_BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "GLOBAL": lambda m, name: m.refer(name.replace(" ", ".", 1)),
    "STACK_GLOBAL": lambda m, _: m.refer_by_stack(),
    "REDUCE": lambda m, _: m.call(),
    "NEWOBJ": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
    "BINPERSID": lambda m, _: m.load_storage(),
    "STOP": lambda m, _: m.stop(),
}
