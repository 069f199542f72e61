"""From floating point to a proof: a certificate that `lib.checker` verifies with integers alone."""

from lib.certificate.proof import certify, write

__all__ = ["certify", "write"]
