"""Details many pictures on any number of ComfyUI servers. Needs neither ComfyUI nor torch where it runs, but Ray."""
