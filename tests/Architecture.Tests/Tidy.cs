namespace Billing.Architecture.Tests;

/// <summary>Sizes, names and words, over the whole tree.</summary>
public class Tidy
{
    private static readonly string ThisProject = "tests/Architecture.Tests/";

    [Test]
    public void lines_fit_on_a_page() =>
        Excused.ShouldHold("line", Tree.ProductCode.SelectMany(TextRules.LongLines));

    [Test]
    public void files_of_the_product_are_short() =>
        Excused.ShouldHold("file", Tree.ProductCode.SelectMany(TextRules.LongFile));

    [Test]
    public void functions_of_the_product_are_short() =>
        Excused.ShouldHold("function", Tree.ProductCode.SelectMany(CodeRules.LongFunctions));

    [Test]
    public void names_say_something_about_the_business() =>
        Excused.ShouldHold("name", Tree.Paths.SelectMany(TextRules.BannedName));

    [Test]
    public void namespaces_have_no_braces() => Excused.ShouldHold("namespace", Tree
        .CSharp(Tree.In("services", "ServiceDefaults", "contracts", "AppHost", "eng", "tests"))
        .SelectMany(CodeRules.BlockNamespaces));

    [Test]
    public void usings_stand_in_order() =>
        Excused.ShouldHold("using", Tree.CSharp(Tree.Texts).SelectMany(TextRules.UnsortedUsings));

    [Test]
    public void a_promise_names_its_issue() =>
        Excused.ShouldHold("promise", Tree.Texts.Where(IsNotThisProject).SelectMany(TextRules.OpenPromises));

    [Test]
    public void no_secret_is_in_the_tree() =>
        Excused.ShouldHold("secret", Tree.Texts.Where(IsNotThisProject).SelectMany(TextRules.Secrets));

    [Test]
    public void no_path_of_one_machine_is_in_the_tree() =>
        Excused.ShouldHold("path", Tree.Texts.Where(IsNotThisProject).SelectMany(TextRules.MachinePaths));

    [Test]
    public void every_exception_is_of_a_rule_that_is_checked() =>
        Excused.All.Select(excuse => excuse.Rule)
            .ShouldBeSubsetOf(
                ["line", "file", "function", "name", "namespace", "promise", "secret", "path", "supply", "float", "decision",
                    "using"]);

    [Test]
    public void the_tree_was_found_at_all()
    {
        Tree.ProductCode.Count().ShouldBeGreaterThan(50);
        Tree.Paths.ShouldContain("contracts/Billing.Contracts/Topics.cs");
        Tree.Paths.ShouldNotContain(path => path.Contains("/bin/") || path.Contains("/obj/"));
    }

    // The rules and their bad examples are written there.
    private static bool IsNotThisProject(Source file) => !file.Path.StartsWith(ThisProject, StringComparison.Ordinal);
}
