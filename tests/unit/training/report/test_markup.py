from docmill.training.report.markup import Html, bullets, element, html, table


def test_text_is_escaped_and_html_is_not_escaped_again() -> None:
    assert html("<b> & 'c'") == "&lt;b&gt; &amp; &#x27;c&#x27;"
    assert element("p", "a < b", Html("<i>c</i>")) == "<p>a &lt; b<i>c</i></p>"
    assert element("p", element("b", "<"), kind="note") == '<p class="note"><b>&lt;</b></p>'


def test_a_table_has_texts_on_the_left_and_figures_on_the_right() -> None:
    drawn = table(["name", "n", "why"], [["<a>", "1", "x"]], ends_in_text=True)
    assert '<tr><th>name</th><th class="figure">n</th><th>why</th></tr>' in drawn
    assert '<tr><td>&lt;a&gt;</td><td class="figure">1</td><td>x</td></tr>' in drawn


def test_a_list_escapes_its_lines() -> None:
    assert bullets(["a", "<b>"]) == "<ul><li>a</li><li>&lt;b&gt;</li></ul>"
