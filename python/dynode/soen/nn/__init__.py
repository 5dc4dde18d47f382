"""soen_toolkit.nn"""
from ..graph import Graph, Sequential, init, layers, param, structure
