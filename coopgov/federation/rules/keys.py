"""RSA keys: ours are made and loaded here, others' are read with suspicion."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

LEAST_BITS, MOST_BITS = 2048, 8192
LONGEST_PEM = 4_000  # characters


def new_pair() -> tuple[bytes, str]:
    """A new key pair of 2048 bits: the private half as PEM (PKCS #8), the public one as PEM (SubjectPublicKeyInfo)."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=LEAST_BITS)
    kept = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    told = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return kept, told.decode()


def load_private(pem: bytes) -> rsa.RSAPrivateKey:
    """A key that ``new_pair`` made. Its numbers are not proved again, which would take eight times a signature."""
    key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def load_public(pem: str) -> rsa.RSAPublicKey:
    """Somebody's public key; raises ValueError unless it is RSA of a sane size with a sane exponent."""
    if len(pem) > LONGEST_PEM or not pem.isascii():
        raise ValueError("no key")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("no key") from error
    if not isinstance(key, rsa.RSAPublicKey) or not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise ValueError("no key that we take")
    if not 3 <= key.public_numbers().e < 2**33:
        raise ValueError("no exponent that we take")
    return key


def signature(key: rsa.RSAPrivateKey, text: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 over ``text``."""
    return key.sign(text, PKCS1v15(), hashes.SHA256())


def is_signed(key: rsa.RSAPublicKey, text: bytes, signed: bytes) -> bool:
    """Whether ``signed`` is that signature of ``text``."""
    try:
        key.verify(signed, text, PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
