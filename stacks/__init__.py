"""What is deployed: a stack composes, a construct defines."""

from stacks.lazy_provider import import_lazily

import_lazily("cdktf_cdktf_provider_aws")
