from ..model import dump_model_to_yaml
