"""The gradient of rows in shards: each shard's own, added up in a fixed order."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pytwolayer.network.batches import Dropout, Pages
from pytwolayer.network.gradient import ClosedFormGradient
from pytwolayer.network.losses import Operation
from pytwolayer.network.sharded_batches import ShardedBatch, ShardRows, pages_of
from pytwolayer.network.sharded_sum import ShardedSum
from pytwolayer.runtime.device import is_gpu
from pytwolayer.runtime.interrupt import AgreedInterrupt
from pytwolayer.runtime.process_group import ProcessGroup
from pytwolayer.runtime.torch_loading import torch

Tensor = torch.Tensor
_FLAG, _LOSS = -1, -2  # places at the end of a shard's vector, behind its gradient
# Updates from one look at whether to stop to the next, on a GPU, which every look waits for.
_LOOKS = 16


class ShardedGradient:
    """Computes loss and gradient of a batch; as ``ClosedFormGradient``, which is each shard's.

    Parameters
    ----------
    gradient : ClosedFormGradient
        Its number of rows is that of all shards.
    gradients : Tensor
        The vector that it writes to, and this too.
    shards : int
    group : ProcessGroup
    rows : int
        Number of rows of an epoch.
    averages : bool
        Whether losses are means over rows.
    dropout : sequence of Dropout
        None or one, which is in ``gradient`` too.
    read_at_once : bool
        Whether the loss is read after each call; else, on a GPU, now and then.

    Attributes
    ----------
    loss, scale, on_fixed_memory
        As those of ``ClosedFormGradient``.
    """

    on_fixed_memory = False

    def __init__(
        self,
        gradient: ClosedFormGradient,
        gradients: Tensor,
        shards: int,
        group: ProcessGroup,
        rows: int,
        *,
        averages: bool,
        dropout: Sequence[Dropout] = (),
        read_at_once: bool = False,
    ) -> None:
        self._gradient, self._gradients, self._dropout = gradient, gradients, dropout
        self._rows, self._averages = rows, averages
        self._interrupt: AgreedInterrupt | None = None
        self._shards, self._group = shards, group
        self._sum = ShardedSum(shards, group, gradients.new_empty(len(gradients) + 2))
        self.loss, self.scale = gradient.loss, gradient.scale
        self._looks = _LOOKS if is_gpu(self.loss.device) and not read_at_once else 1
        self._calls = 0
        gradient.keep_programs(len(self._sum.own) + 2)

    @property
    def own(self) -> range:
        """The shards of this process."""
        return self._sum.own

    def agree(self, interrupt: AgreedInterrupt) -> None:
        """Have all processes learn in each step whether one of them was asked to stop."""
        self._interrupt = interrupt

    def draw_dropout(self, batch: ShardedBatch) -> None:
        """Leave it to the shards, each of which draws before its own gradient."""

    def operations(self, batch: ShardedBatch) -> list[Operation]:
        """Return what writes the batch's loss and its gradient: one operation."""
        return [partial(self, batch)]

    def __call__(self, batch: ShardedBatch) -> None:
        """Write the batch's loss into ``loss`` and its gradient into the parameters'."""
        total = self._sum(lambda shard, vector: self._add_shard(batch, shard, vector))
        torch.mul(
            total[:_LOSS],
            self._rows / max(1, batch.rows) if self._averages else 1,
            out=self._gradients,
        )
        self.loss.copy_(total[_LOSS])
        self._learn(total)

    def _learn(self, total: Tensor) -> None:
        """Learn whether to stop, in the same calls in all processes."""
        if self._interrupt is None:
            return
        self._interrupt.agree_later(lambda: bool(total[_FLAG] > 0))
        self._calls += 1
        if self._calls % self._looks == 0:
            self._group.settle()
            self._interrupt.settle()

    def _add_shard(self, batch: ShardedBatch, shard: int, vector: Tensor) -> None:
        part = batch.part(shard)
        if len(part.x):
            for each in self._dropout:
                each.generator = batch.generators[shard]
            self._gradient.draw_dropout(part)
            self._gradient(part)
            vector[:_LOSS].copy_(self._gradients)
            vector[_LOSS].copy_(self._gradient.loss)
        else:
            vector.zero_()
        vector[_FLAG] = float(self._interrupt is not None and self._interrupt.asked_here)

    def make_validation_step(
        self, rows: Sequence[ShardRows], chunk: int | None, pages: Pages | None
    ) -> tuple[Callable[[Tensor], None], Any]:
        """Make a function that writes the loss of these rows into the tensor it is given.

        Of each shard all rows are taken at once, or so many as ``chunk`` says.
        """
        steps, scale = {}, 1.0
        for shard in self.own:
            own = rows[shard]
            if not own.number:
                continue
            if chunk is None:
                steps[shard], scale = self._gradient.make_validation_step(own.whole())
            else:
                chunks = own, chunk, pages_of(pages, own.first)
                steps[shard], scale = self._gradient.make_validation_step_of_chunks(*chunks)
        total = ShardedSum(self._shards, self._group, self.loss.new_empty(1))

        def of_shard(shard: int, loss: Tensor) -> None:
            loss.zero_() if shard not in steps else steps[shard](loss[0])

        def validation_step(loss: Tensor) -> None:
            loss.copy_(total(of_shard)[0])
            self._group.settle()  # it is read next

        return validation_step, scale
