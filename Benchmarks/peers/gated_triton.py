"""The gated two-layer network by Triton kernels of the kind that Wójcik et al. 2025 (arXiv 2312.10193) time: rows
are gathered, a tile that no row needs leaves early. And by the block-sparse products of MegaBlocks, the package
stanford-stk.

Both take the tokens' order as given: sorting and counting cost them nothing. Check them on a CPU, without a GPU (Triton
3.6's interpreter wants NumPy before 2.4, and multiplies bfloat16 wrongly: the check is in float32):

    TRITON_INTERPRET=1 python3 Benchmarks/peers/gated_triton.py
"""

import os

import torch
import torch.nn.functional as F
import triton
import triton.language as tl

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"


def configurations():
    sizes = [(128, 128, 64, 4, 8), (128, 256, 64, 3, 8), (128, 128, 64, 3, 4), (64, 128, 64, 4, 4), (64, 64, 64, 5, 4),
             (32, 64, 128, 4, 4)]
    found = [triton.Config({"ROWS": rows, "COLUMNS": columns, "DEPTH": depth}, num_stages=stages, num_warps=warps)
             for rows, columns, depth, stages, warps in sizes]
    return found[4:5] if INTERPRETED else found


@triton.autotune(configs=configurations(), key=["tokens", "channels", "hidden"])
@triton.jit
def first_product(input, order, choice, w1, b1, output, tokens, channels, hidden, width,
                  ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr):
    """output[row, c] = gelu(input[order[row]] · w1[c] + b1[c]) where c < choice[row] · width, else 0."""
    row = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    most = tl.load(choice + tl.program_id(1) * ROWS)
    if tl.program_id(0) * COLUMNS >= most * width:
        return
    token = tl.load(order + row, mask=row < tokens, other=0)
    sums = tl.zeros((ROWS, COLUMNS), tl.float32)
    for start in range(0, channels, DEPTH):
        at = start + tl.arange(0, DEPTH)
        left = tl.load(input + token[:, None] * channels + at[None, :], mask=at[None, :] < channels, other=0.0)
        right = tl.load(w1 + column[None, :] * channels + at[:, None],
                        mask=(at[:, None] < channels) & (column[None, :] < hidden), other=0.0)
        sums = tl.dot(left, right, sums)
    sums += tl.load(b1 + column, mask=column < hidden, other=0.0)[None, :].to(tl.float32)
    sums = 0.5 * sums * (1 + tl.erf(sums * 0.7071067811865476))
    runs = tl.load(choice + row, mask=row < tokens, other=0) * width
    sums = tl.where(column[None, :] < runs[:, None], sums, 0.0)
    tl.store(output + row[:, None] * hidden + column[None, :], sums.to(output.dtype.element_ty),
             mask=(row[:, None] < tokens) & (column[None, :] < hidden))


@triton.autotune(configs=configurations(), key=["tokens", "outputs", "hidden"])
@triton.jit
def second_product(input, order, choice, w2, bias, output, tokens, hidden, outputs, width,
                   ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr):
    """output[order[row]] = bias + input[row, :depth] · w2[:, :depth]ᵀ; depth: what the first row of the tile runs."""
    row = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    depth = tl.load(choice + tl.program_id(1) * ROWS) * width
    sums = tl.zeros((ROWS, COLUMNS), tl.float32)
    for start in range(0, depth, DEPTH):
        at = start + tl.arange(0, DEPTH)
        left = tl.load(input + row[:, None] * hidden + at[None, :],
                       mask=(row[:, None] < tokens) & (at[None, :] < depth), other=0.0)
        right = tl.load(w2 + column[None, :] * hidden + at[:, None],
                        mask=(at[:, None] < depth) & (column[None, :] < outputs), other=0.0)
        sums = tl.dot(left, right, sums)
    sums += tl.load(bias + column, mask=column < outputs, other=0.0)[None, :].to(tl.float32)
    token = tl.load(order + row, mask=row < tokens, other=0)
    tl.store(output + token[:, None] * outputs + column[None, :], sums.to(output.dtype.element_ty),
             mask=(row[:, None] < tokens) & (column[None, :] < outputs))


def by_triton(choice, learners, w1, b1, w2, bias):
    """A method for these choices: input [tokens, channels] -> [tokens, outputs]."""
    order = choice.argsort(descending=True, stable=True).to(torch.int32)
    choice = choice[order].to(torch.int32)
    (hidden, channels), outputs, tokens = w1.shape, w2.shape[0], len(order)

    def call(input):
        between = torch.empty(tokens, hidden, dtype=input.dtype, device=input.device)
        output = torch.empty(tokens, outputs, dtype=input.dtype, device=input.device)

        def grid(columns):
            return lambda meta: (triton.cdiv(columns, meta["COLUMNS"]), triton.cdiv(tokens, meta["ROWS"]))

        first_product[grid(hidden)](input, order, choice, w1, b1, between, tokens, channels, hidden, hidden // learners)
        second_product[grid(outputs)](between, order, choice, w2, bias, output, tokens, hidden, outputs,
                                      hidden // learners)
        return output

    return call


def by_stk(choice, learners, w1, b1, w2, bias):
    """The same by stanford-stk: H is a sparse matrix of blocks of 128 x 128, those that some row needs. All widths
    must be multiples of 128."""
    import stk.matrix
    import stk.ops

    block, device = 128, choice.device
    (hidden, channels), tokens = w1.shape, len(choice)
    order = choice.argsort(descending=True, stable=True)
    rows = triton.cdiv(tokens, block) * block
    runs = F.pad(choice[order] * (hidden // learners), (0, rows - tokens))  # hidden channels of each row
    counts = -(-runs[::block] // block)
    row = torch.arange(rows // block, device=device).repeat_interleave(counts)
    offsets = F.pad(counts.cumsum(0), (1, 0)).int()
    column = torch.arange(len(row), device=device) - offsets.long()[row]
    at = column[:, None] * block + torch.arange(block, device=device)  # [blocks, columns]
    within = runs.view(-1, block)[row]  # [blocks, rows]
    keeps = (at[:, None, :] < within[:, :, None]).to(w1.dtype)
    biases = b1[at][:, None, :]
    shape = (rows, hidden)
    empty = torch.empty(len(row), block, block, dtype=w1.dtype, device=device)
    structure = stk.matrix.Matrix(shape, empty, row.short(), column.short(), offsets)
    source = F.pad(order, (0, rows - tokens))

    def call(input):
        made = stk.ops.sdd(input[source], w1.t(), structure)
        between = stk.matrix.Matrix(shape, F.gelu(made.data + biases) * keeps, made.row_indices, made.column_indices,
                                    made.offsets, made.column_indices_t, made.offsets_t, made.block_offsets_t)
        sorted_rows = stk.ops.dsd(between, w2.t())[:tokens] + bias
        return torch.empty_like(sorted_rows).index_copy_(0, order, sorted_rows)

    return call


def check(tokens, channels, width, outputs, learners, ways):
    torch.manual_seed(1)
    hidden = learners * width
    input, w1 = torch.randn(tokens, channels), torch.randn(hidden, channels) * channels ** -0.5
    b1, w2, bias = torch.randn(hidden) * 0.1, torch.randn(outputs, hidden) * hidden ** -0.5, torch.randn(outputs)
    for choice in (torch.randint(learners + 1, (tokens,)), torch.zeros(tokens).long(), torch.full((tokens,), learners)):
        runs = torch.arange(hidden) // width < choice[:, None]
        expected = F.linear(F.gelu(F.linear(input, w1, b1)) * runs, w2, bias)
        for way in ways:
            error = (way(choice, learners, w1, b1, w2, bias)(input) - expected).abs().max().item()
            assert error < 1e-4, f"{way.__name__}, {tokens} tokens: error {error}"
            print(f"passed {way.__name__}, {tokens} tokens, load {choice.double().mean() / learners:.2f}: {error:.1e}")


if __name__ == "__main__":
    if not INTERPRETED:
        raise SystemExit("This checks the kernels on a CPU: set TRITON_INTERPRET=1.")
    check(150, 72, 40, 56, 4, [by_triton])
    check(1, 8, 8, 8, 2, [by_triton])
    try:
        import stk  # noqa: F401
    except ImportError:
        print("stanford-stk is not installed")
    else:
        check(200, 128, 128, 128, 2, [by_triton, by_stk])
