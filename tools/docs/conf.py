# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Sphinx builds the documentation site; tools/build_docs.py lays it beside the pages."""

from __future__ import annotations

import re

from docutils import nodes

project = "treasury.bybit"
copyright = "2026 treasury.bybit contributors"
html_title = "treasury.bybit"

extensions = ["sphinx_antsibull_ext"]
default_role = "any"
nitpicky = True
highlight_language = "text"
pygments_style = "ansible"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False

_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/reference_appendices"
# What the pages of modules name of Ansible's own; its inventory would have to be fetched.
ELSEWHERE = {
    "ansible_configuration_settings": f"{_ANSIBLE}/config.html",
    "common_return_values": f"{_ANSIBLE}/common_return_values.html",
    "callback_plugins": "https://docs.ansible.com/projects/ansible/latest/plugins/callback.html",
    "ansible_collections.ansible.builtin.default_callback": (
        "https://docs.ansible.com/projects/ansible/latest/collections/ansible/builtin/default_callback.html"
    ),
    "ANSIBLE_CALLBACKS_ENABLED": f"{_ANSIBLE}/config.html#envvar-ANSIBLE_CALLBACKS_ENABLED",
    "ANSIBLE_DEBUG": f"{_ANSIBLE}/config.html#envvar-ANSIBLE_DEBUG",
    "ANSIBLE_KEEP_REMOTE_FILES": f"{_ANSIBLE}/config.html#envvar-ANSIBLE_KEEP_REMOTE_FILES",
}


def refer_elsewhere(app, env, node, content):
    """Return a link for a label of Ansible's documentation, and nothing for a label that is nowhere."""
    address = ELSEWHERE.get(node["reftarget"])
    return address and nodes.reference("", "", content, internal=False, refuri=address)


def arrange(app, docname, source):
    """Fit what antsibull-docs wrote to the theme, which shows the sections of a page and the pages of the site by itself."""
    text = re.sub(r"^\.\. contents::\n(?: +:.*\n)*", "", source[0], flags=re.MULTILINE)
    if docname == "index":
        text = re.sub(r"^(.+)\n-+\n\n\.\. toctree::\n", r"\g<0>    :caption: \1\n", text, flags=re.MULTILINE)
        for kind, caption in (("module", "Modules"), ("callback", "Callbacks"), ("role", "Roles")):
            listed = rf"(\.\. toctree::\n)((?:    :.*\n)+\n)(?=    \w+_{kind}$)"
            text = re.sub(listed, rf"\1    :caption: {caption}\n\2", text, flags=re.MULTILINE)
            text = re.sub(rf"^    (\w+)_{kind}$", rf"    \1 <\1_{kind}>", text, flags=re.MULTILINE)
    source[0] = text


def setup(app):
    app.connect("source-read", arrange)
    app.connect("missing-reference", refer_elsewhere)
