"""The demo: real models, trained here and now, and the experiments that decide on them."""
