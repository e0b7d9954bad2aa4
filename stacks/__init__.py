"""Infrastructure: a stack composes constructs, and a construct defines resources."""

from stacks.lazy_provider import import_lazily

import_lazily("cdktf_cdktf_provider_aws")
