"""What moto reads to find the engine: the same two names as moto.kms.urls.

Moto looks for this module beside `models`.
"""

from kms_katas.lab.kms.responses import dispatch

url_bases = [r"https?://kms\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": dispatch}
