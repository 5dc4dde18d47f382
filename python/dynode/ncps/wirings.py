"""Wirings of neural circuits: who reaches whom, and with which sign (ncps.wirings).

Matrices are [source, target]: 1 excites, -1 inhibits, 0 is no synapse. Motor neurons are 0 … output_dim - 1."""
from .. import _core


class Wiring:
    """Neurons without synapses, to be added by hand: Wiring(units, output_dim)."""

    def __init__(self, units, output_dim=None):
        self._core = _core.Wiring(units, output_dim)

    @classmethod
    def _of(cls, core):
        self = object.__new__(cls)
        self._core = core
        return self

    units = property(lambda self: self._core.units)
    input_dim = property(lambda self: self._core.input_dim)
    output_dim = property(lambda self: self._core.output_dim)
    num_layers = property(lambda self: self._core.num_layers)
    adjacency_matrix = property(lambda self: self._core.adjacency(), doc="[units, units]")
    sensory_adjacency_matrix = property(
        lambda self: self._core.sensory_adjacency() if self._core.is_built() else None,
        doc="[inputs, units], None before build",
    )
    synapse_count = property(lambda self: self._core.synapse_count())
    sensory_synapse_count = property(lambda self: self._core.sensory_synapse_count())

    def is_built(self):
        return self._core.is_built()

    def build(self, input_dim):
        """Says how many inputs there are; a network does this, too."""
        self._core.build(int(input_dim if isinstance(input_dim, int) else input_dim[-1]))

    def get_neurons_of_layer(self, layer_id):
        return self._core.neurons_of_layer(layer_id)

    def get_type_of_neuron(self, neuron_id):
        """motor, command or inter."""
        return self._core.type_of(neuron_id)

    def add_synapse(self, src, dest, polarity):
        self._core.add_synapse(src, dest, polarity)

    def add_sensory_synapse(self, src, dest, polarity):
        self._core.add_sensory_synapse(src, dest, polarity)

    def erev_initializer(self, shape=None, dtype=None):
        return self.adjacency_matrix

    def sensory_erev_initializer(self, shape=None, dtype=None):
        return self.sensory_adjacency_matrix

    def get_graph(self, include_sensory_neurons=True):
        """(nodes [(name, type)], edges [(from, to, polarity)]); a networkx.DiGraph takes both."""
        return self._core.graph(include_sensory_neurons)

    def draw_graph(
        self,
        path=None,
        layout="layered",
        neuron_colors={},
        synapse_colors={},
        draw_labels=False,
        include_sensory_neurons=True,
    ):
        """A picture of the circuit as SVG, into a file if a path is given. layout: layered, shell, circular, spiral,
        random, kamada, spring, spectral. Colours by kind (sensory, inter, command, motor; excitatory, inhibitory); a
        single one is that of both kinds of synapses."""
        if isinstance(synapse_colors, str):
            synapse_colors = dict.fromkeys(("excitatory", "inhibitory"), synapse_colors)
        svg = self._core.draw(layout, neuron_colors, synapse_colors, draw_labels, include_sensory_neurons)
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(svg)
        return svg

    def get_config(self):
        return self._core.stored()

    @classmethod
    def from_config(cls, config):
        return Wiring._of(_core.Wiring.from_stored(config))

    def save(self, path):
        self._core.save(str(path))

    @staticmethod
    def load(path):
        return Wiring._of(_core.Wiring.load(str(path)))

    def __repr__(self):
        return f"{self._core.type or 'Wiring'}({self.units} neurons, {self.output_dim} outputs)"

    def __getstate__(self):
        return self.get_config()

    def __setstate__(self, config):
        self._core = _core.Wiring.from_stored(config)


class FullyConnected(Wiring):
    """Every neuron reaches every neuron."""

    def __init__(self, units, output_dim=None, erev_init_seed=1111, self_connections=True):
        self._core = _core.Wiring.of(
            "FullyConnected",
            dict(units=units, output_dim=output_dim, erev_init_seed=erev_init_seed, self_connections=self_connections),
        )


class Random(Wiring):
    """Synapses drawn at random; sparsity_level is the share that is missing."""

    def __init__(self, units, output_dim=None, sparsity_level=0.0, random_seed=1111):
        self._core = _core.Wiring.of(
            "Random", dict(units=units, output_dim=output_dim, sparsity_level=sparsity_level, random_seed=random_seed)
        )


class NCP(Wiring):
    """inputs → inter → command ⟲ → motor."""

    def __init__(
        self,
        inter_neurons,
        command_neurons,
        motor_neurons,
        sensory_fanout,
        inter_fanout,
        recurrent_command_synapses,
        motor_fanin,
        seed=22222,
    ):
        self._core = _core.Wiring.of(
            "NCP",
            dict(
                inter_neurons=inter_neurons,
                command_neurons=command_neurons,
                motor_neurons=motor_neurons,
                sensory_fanout=sensory_fanout,
                inter_fanout=inter_fanout,
                recurrent_command_synapses=recurrent_command_synapses,
                motor_fanin=motor_fanin,
                seed=seed,
            ),
        )


class AutoNCP(Wiring):
    """An NCP of so many neurons and outputs: AutoNCP(28, 4)."""

    def __init__(self, units, output_size, sparsity_level=0.5, seed=22222):
        self._core = _core.Wiring.of(
            "AutoNCP", dict(units=units, output_size=output_size, sparsity_level=sparsity_level, seed=seed)
        )


__all__ = ["AutoNCP", "FullyConnected", "NCP", "Random", "Wiring"]
