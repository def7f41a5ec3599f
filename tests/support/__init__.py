"""What tests of several rooms share. Tests may import it, as `support`; nothing else may."""
