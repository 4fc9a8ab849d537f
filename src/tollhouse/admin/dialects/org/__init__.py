"""The organisation dialect: an org's admins write models that hang off the system's, in camelCase.

Base URL: ``/org``. Who calls acts for the org of its credential, whatever its role: nobody sees or
changes another org's models here, a system admin neither, and a caller without an org is refused.
"""
