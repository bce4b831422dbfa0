"""Tables, sentences and figures, made from literal recordings."""
