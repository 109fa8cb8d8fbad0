# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of Sphinx for the documentation site; tools/build_docs.py copies them next to the pages."""

from __future__ import annotations

import re

from docutils import nodes

project = "treasury.bybit"
copyright = "2026 treasury.bybit contributors"
html_title = "treasury.bybit"

extensions = ["sphinx_antsibull_ext", "sphinx_copybutton"]
default_role = "any"
nitpicky = True
highlight_language = "text"

# antsibull-docs writes this page for environment variables that plugins declare, but no plugin declares any.
exclude_patterns = ["environment_variables.rst"]

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False

# Output has no copy button. Of blocks with a prompt, only the commands are copied.
copybutton_selector = "div:not(.highlight-text) > div.highlight > pre"
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"
copybutton_copy_empty_lines = False

_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/reference_appendices"
# Labels of Ansible's documentation that the pages use. Listed here, because its inventory would have to be downloaded.
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
    """Return a link for a label of Ansible's documentation; none for an unknown label."""
    page, _separator, option = node["reftarget"].partition("__parameter-")
    address = ELSEWHERE.get(page)
    if address and option:
        address += f"#parameter-{option}"
    return address and nodes.reference("", "", content, internal=False, refuri=address)


def leave_contents_to_the_theme(app, docname, source):
    """Remove the table of contents that antsibull-docs writes, because the theme has its own."""
    source[0] = re.sub(r"^\.\. contents::\n(?: +:.*\n)*", "", source[0], flags=re.MULTILINE)


# Markup that Sphinx and antsibull-docs write, with the markup that screen readers understand.
ACCESSIBLE = {' role="heading">': ' role="heading" aria-level="2">', ' aria-role="button"': ""}


def make_accessible(app, pagename, templatename, context, doctree):
    """Correct the ARIA roles in the text and the menu of a page."""
    for part in {"body", "furo_navigation_tree"} & context.keys():
        for written, understood in ACCESSIBLE.items():
            context[part] = context[part].replace(written, understood)


TABLE = re.compile(r'<table class="[^"]*\bcards\b.*?</table>', re.DOTALL)
HEAD = re.compile(r"<th[ >].*?</th>", re.DOTALL)
ROW = re.compile(r"<tr class=\"row-(?:even|odd)\"><td.*?</tr>", re.DOTALL)


def label_cells(table):
    """Give each cell after the first one the head of its column, because a phone does not show the heads. Two columns need no labels."""
    heads = [re.sub(r"<[^>]+>", "", head).strip().replace('"', "&quot;") for head in HEAD.findall(table)]

    def labeled(row):
        left = iter(heads)
        return re.sub(r"<td(?=[ >])", lambda _cell: f'<td data-head="{next(left)}"', row[0]).replace(f'<td data-head="{heads[0]}"', "<td", 1)

    return ROW.sub(labeled, table) if len(heads) > 2 else table


def label_cards(app, pagename, templatename, context, doctree):
    """Label the cells of all tables that a phone shows as cards."""
    if "body" in context:
        context["body"] = TABLE.sub(lambda table: label_cells(table[0]), context["body"])


def setup(app):
    app.connect("source-read", leave_contents_to_the_theme)
    app.connect("missing-reference", refer_elsewhere)
    app.connect("html-page-context", label_cards)
    # The theme writes the menu, so run after it.
    app.connect("html-page-context", make_accessible, priority=900)
