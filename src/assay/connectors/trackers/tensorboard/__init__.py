"""Reads TensorBoard: event files as TensorFlow, PyTorch, Keras, JAX and TensorBoardX write them."""
