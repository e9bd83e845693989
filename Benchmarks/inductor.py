"""What torch.compile says while it tunes, left out."""

import logging


def be_quiet() -> None:
    """Candidates that do not fit the device are no errors of a benchmark, nor are their times its output."""
    import torch._inductor.config
    import torch._inductor.select_algorithm
    import torch._logging
    torch._inductor.config.max_autotune_report_choices_stats = False
    torch._inductor.select_algorithm.PRINT_AUTOTUNE = False
    torch._logging.set_logs(inductor=logging.CRITICAL)
