"""A run as ONNX graphs, and as one page that runs them in a browser."""
