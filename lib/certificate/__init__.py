"""From floating point to a proof: a certificate that `lib.checker` verifies with integers alone."""

from lib.certificate.proof import certify
from lib.certificate.records import write

__all__ = ["certify", "write"]
