"""A console in Python (package amt) that knows nothing of tunnels: switches a PC off and on again through a proxy.

Arguments: proxy with its sign-in, name of the PC, its AMT password. Prints a line for each state it was told. What the
proxy is called decides how it is used; the package takes it from the environment as all of requests does.
"""

import contextlib
import os
import sys

from amt import client, wsman

proxy, name, password = sys.argv[1:]
os.environ["http_proxy"] = proxy
pc = client.Client(name, password)


def state():
    return wsman.friendly_power_state(pc.power_status())


def switch(order, wanted):
    """A PC that is busy refuses an order in its answer, which the package prints and does not judge: give it again."""
    for _ in range(2000):
        with contextlib.redirect_stdout(sys.stderr):
            order()
        if state() == wanted:
            return print(wanted, flush=True)
    sys.exit(f"the PC was never {wanted}")


print(state(), flush=True)
switch(pc.power_off, "off")
pc.set_next_boot("pxe")
switch(pc.power_on, "on")
