from ..model import LAYER_TYPE_MAP
