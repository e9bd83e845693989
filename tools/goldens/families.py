"""The generators of model goldens, one a family: each has `GOLDENS`, and `write(root, seed)` that writes them."""

import dinov2
import models

MODULES = [models, dinov2]
