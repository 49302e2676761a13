"""Operations on the CPU that are noted once, and from then on done in one call.

A step of a small network is some fifteen operations of a microsecond each, of which Python's way to
each takes a third. PyTorch's interpreter of TorchScript does a list of operations without Python.
The list is given to it as a graph, without its compiler of Python code and with its optimiser off
(see ``torch_settings``): so it does the very operations that were noted, with the same bits.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from pytwolayer.network.losses import Operation
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
RECORD_AFTER = 200  # recording takes as long as some hundred recorded steps save


class CannotRecordError(Exception):
    """Raised for operations that the interpreter cannot repeat."""


_Mode: Any = torch.utils._python_dispatch.TorchDispatchMode
# In between, a mode's first use imported PyTorch's compiler, which takes seconds.
_CAN_NOTE = hasattr(_Mode, "_should_skip_dynamo") or "__init_subclass__" not in vars(_Mode)
# An operation of PyTorch's, its arguments by position and by name, and what it returned.
Call = tuple[Any, Sequence[Any], dict[str, Any], Any]


class _Noting(_Mode):  # type: ignore[misc]
    """Notes PyTorch's operations while they are done."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result


class Repeated:
    """Operations that are done again and again, and recorded once that is worth while.

    Parameters
    ----------
    operations : sequence of callable
    records : bool
        Whether they may be recorded: they are on the CPU, and depend on nothing but the contents
        of tensors.
    """

    def __init__(self, operations: Sequence[Operation], *, records: bool) -> None:
        self._operations = list(operations)
        self._left = RECORD_AFTER if records and _CAN_NOTE else 0

    def __call__(self) -> None:
        """Do them."""
        if self._left:
            self._left -= 1
            if self._left == 0:
                self._record()
                return
        for operation in self._operations:
            operation()

    def _record(self) -> None:
        recorded = do_and_record(self._operations)
        if recorded is not None:
            self._operations = [recorded]


def do_and_record(operations: Sequence[Operation]) -> Operation | None:
    """Do operations; return one that does them all again, on the same memory.

    None: they cannot be recorded.
    """
    noting = _Noting()
    with noting:
        for operation in operations:
            operation()
    try:
        return _Recording(noting.calls).compiled()
    except (CannotRecordError, AttributeError, RuntimeError, TypeError):
        # Another version of PyTorch may lack some of what is used here, which is not public.
        return None


class _Recording:
    """Operations as a graph of TorchScript.

    Its input is a list of lists of tensors: the first has all that were there before, the others
    are the arguments that are lists of tensors. The interpreter may leave out an operation that
    only changes tensors in a list made within the graph.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = [
            (func, _all_arguments(func, args, kwargs), made) for func, args, kwargs, made in calls
        ]
        self._graph: Any = torch._C.Graph()
        self._tensor = torch._C.TensorType.get()
        self._list = torch._C.ListType(self._tensor)
        self._fixed: dict[int, Tensor] = {}  # those that were there before, by identity
        self._values: dict[int, Any] = {}  # the graph's values, by the identity of their tensors
        self._lists: list[list[Tensor]] = []  # after the first

    def compiled(self) -> Operation:
        """Return a function that does them."""
        calls = self._without_views()
        self._lists = [list(self._fixed.values()), *_lists_among(calls, self._fixed)]
        given = self._graph.addInput()
        given.setType(torch._C.ListType(self._list))
        self._list_values = self._add("prim::ListUnpack", [given], len(self._lists), self._list)
        unpacked = self._add("prim::ListUnpack", self._list_values[:1], len(self._fixed))
        self._values = dict(zip(self._fixed, unpacked, strict=True))
        for call in calls:
            self._add_call(*call)
        self._graph.registerOutput(self._graph.insertConstant(None))
        function = torch._C._create_function_from_graph("step", self._graph)
        same = {at: _same_memory(each) for at, each in self._fixed.items()}
        lists = [[same[id(each)] for each in own] for own in self._lists]
        return partial(function, torch._C.ScriptList(lists))

    def _without_views(self) -> list[tuple[Any, list[tuple[Any, Any]], Any]]:
        """Find the tensors that were there before; views of them are taken to have been too."""
        made: dict[int, Any] = {}
        left = []
        for func, arguments, result in self._calls:
            given = [each for _, value in arguments for each in _tensors(value)]
            if not any(id(each) in made for each in given) and _is_view(result, given):
                continue
            self._fixed |= {id(each): each for each in given if id(each) not in made}
            made |= {id(each): each for each in _tensors(result) if id(each) not in self._fixed}
            left.append((func, arguments, result))
        return left

    def _add_call(self, func: Any, arguments: list[tuple[Any, Any]], result: Any) -> None:
        inputs = [self._value(kind, value) for kind, value in arguments]
        outputs = self._add(func._schema.name, inputs, len(func._schema.returns))
        results = () if result is None else (result,) if outputs else result
        if len(outputs) > 1 or not all(isinstance(each, Tensor) for each in results):
            raise CannotRecordError(func)
        for each, output in zip(results, outputs, strict=True):
            if id(each) not in self._fixed:
                self._values[id(each)] = output
        # A number in place of a tensor is another form of the same operation.
        as_number = any(kind == "Tensor" and not isinstance(v, Tensor) for kind, v in arguments)
        if not as_number and outputs and outputs[0].node().schema() != str(func._schema):
            raise CannotRecordError(func)

    def _value(self, kind: str, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._values[id(value)]
        if isinstance(value, list | tuple) and "Tensor" in kind:
            return self._value_of_list(list(value))
        if kind == "float" and isinstance(value, int):
            return self._graph.insertConstant(float(value))
        if not isinstance(value, bool | int | float | str | list | tuple | None):
            raise CannotRecordError(value)
        return self._graph.insertConstant(value)

    def _value_of_list(self, tensors: list[Tensor]) -> Any:
        if not tensors:
            return self._add("prim::ListConstruct", [], 1, self._list)[0]
        places = [_identities(each) for each in self._lists[1:]]
        if _identities(tensors) in places:
            return self._list_values[1 + places.index(_identities(tensors))]
        values = [self._values[id(each)] for each in tensors]
        return self._add("prim::ListConstruct", values, 1, self._list)[0]

    def _add(self, name: str, inputs: Sequence[Any], outputs: int, kind: Any = None) -> list[Any]:
        node = self._graph.create(name, inputs, outputs)
        self._graph.insertNode(node)
        made = list(node.outputs())
        for each in made:
            each.setType(kind or self._tensor)
        return made


def _lists_among(calls: Sequence[Any], fixed: dict[int, Tensor]) -> list[list[Tensor]]:
    """Return the arguments that are lists of tensors of these, each once."""
    values = [value for _, arguments, _ in calls for _, value in arguments]
    lists = [list(each) for each in values if isinstance(each, list | tuple) and _tensors(each)]
    own = {_identities(each): each for each in lists if all(id(t) in fixed for t in each)}
    return list(own.values())


def _identities(tensors: Sequence[Tensor]) -> tuple[int, ...]:
    return tuple(map(id, tensors))


def _is_view(result: Any, given: Sequence[Tensor]) -> bool:
    """Whether these are new tensors on the memory of those given: no operation was done."""
    places = {each.untyped_storage().data_ptr() for each in given}
    made = _tensors(result)
    if not made or any(each is own for each in made for own in given):
        return False
    return all(each.untyped_storage().data_ptr() in places for each in made)


def _same_memory(tensor: Tensor) -> Tensor:
    """Return a tensor of inference mode on the same memory, which spares counting its changes."""
    with torch.inference_mode():
        place = tensor.storage_offset(), tensor.size(), tensor.stride()
        return tensor.new_empty(0).set_(tensor.untyped_storage(), *place)


def _all_arguments(func: Any, given: Sequence[Any], named: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the kind and the value of all arguments, those left out included."""
    found = []
    for place, argument in enumerate(func._schema.arguments):
        missing = named.get(argument.name, argument.default_value)
        found.append((str(argument.type), given[place] if place < len(given) else missing))
    return found


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    several = value if isinstance(value, list | tuple) else ()
    return [each for each in several if isinstance(each, Tensor)]
