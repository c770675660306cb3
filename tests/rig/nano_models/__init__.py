"""ComfyUI extension for tests: lets the stock loaders read nano checkpoints. Real ones are detected as before.

Link this folder into custom_nodes; `rig.checkpoints` makes the files.
"""

from .configs import register_configs
from .linear_vae import register_linear_vae

register_configs()
register_linear_vae()

NODE_CLASS_MAPPINGS = {}
