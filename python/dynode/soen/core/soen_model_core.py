from ..model import SOENModelCore
