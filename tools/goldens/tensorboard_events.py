"""A file of TensorBoard events as the tensorboard package writes them, to compare ours with byte by byte."""

import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def scalar(tag: str, value: float) -> summary_pb2.Summary.Value:
    return summary_pb2.Summary.Value(tag=tag, simple_value=value)


def counts(tag: str, numbers: list[int]) -> summary_pb2.Summary.Value:
    """How often each of the numbers 0, 1, ... came: a bucket around each."""
    histogram = summary_pb2.HistogramProto(
        min=-0.5, max=len(numbers) - 0.5, num=sum(numbers), sum=sum(k * count for k, count in enumerate(numbers)),
        sum_squares=sum(k * k * count for k, count in enumerate(numbers)),
        bucket_limit=[k + 0.5 for k in range(len(numbers))], bucket=numbers)
    return summary_pb2.Summary.Value(tag=tag, histo=histogram)


def events() -> list[event_pb2.Event]:
    def values(step: int, *values: summary_pb2.Summary.Value) -> event_pb2.Event:
        return event_pb2.Event(wall_time=1.7e9 + step, step=step, summary=summary_pb2.Summary(value=values))

    return [
        event_pb2.Event(wall_time=1.7e9, file_version="brain.Event:2"),
        values(1, scalar("finetuning/loss", 0.75), scalar("finetuning/budget", 0.0)),
        values(300, scalar("held_out/loss/β 0.25", -1e-3), counts("choices/blocks.0.feedForward", [0, 7, 2, 0, 1000])),
        values(2**40, scalar("x" * 200, float("inf"))),
    ]


def write(root: pathlib.Path, seed: int) -> list[str]:
    folder = root / "tensorboard"
    folder.mkdir(exist_ok=True)
    with open(folder / "events.out.tfevents.1700000000.golden", "wb") as file:
        writer = RecordWriter(file)
        for event in events():
            writer.write(event.SerializeToString(deterministic=True))
        writer.flush()
    return [folder.name]
