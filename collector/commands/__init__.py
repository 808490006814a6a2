"""The verbs of `parkline` that this layer brings."""
