"""What people look at: figures of a run. The only package that knows matplotlib."""
