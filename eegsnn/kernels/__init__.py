"""Neurons over whole sequences as compiled CPU kernels, forward and backward, on NumPy arrays.

Each small MLX operation on the CPU costs more than the arithmetic in it, and a loop over time makes
thousands of them. These kernels do the same arithmetic in the same order, in one pass over memory
and on all cores. They know nothing of MLX: :mod:`eegsnn.neurons.fast` brings the arrays. The
reference is the plain loop (:func:`eegsnn.neurons.sequence.loop`): a test compares the two,
gradients included.

Numba compiles a kernel at its first use and keeps it on disk. Importing a module of this room loads
Numba, so that others import from it only where a kernel is about to run.
"""
