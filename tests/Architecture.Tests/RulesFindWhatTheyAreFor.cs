namespace Billing.Architecture.Tests;

/// <summary>A rule that finds nothing in a tidy tree must still find something in an untidy one.</summary>
public class RulesFindWhatTheyAreFor
{
    [TestCase("class A { double rate; }")]
    [TestCase("class A { float Of(int x) => x; }")]
    [TestCase("class A { void Of(double? x) { } }")]
    [TestCase("class A { System.Collections.Generic.List<double> all; }")]
    [TestCase("class A { Double rate; }")]
    [TestCase("class A { object Of(object x) => (double)x; }")]
    public void binary_floating_point(string code) => CodeRules.FloatingPoint(File("A.cs", code)).ShouldHaveSingleItem();

    [TestCase("class A { decimal rate; /* double */ string s = \"double\"; }")]
    [TestCase("class A { object o = x.Single(); }")]
    [TestCase("class A { object o = Single(); }")]
    public void but_not_words_that_only_look_like_it(string code) =>
        CodeRules.FloatingPoint(File("A.cs", code)).ShouldBeEmpty();

    [TestCase("class A { int Decide(int c) => c; }", "is not static")]
    [TestCase("class A { static async Task<int> Decide(int c) => c; }", "is asynchronous")]
    [TestCase("class A { static Task<int> Decide(int c) => null; }", "gives back Task")]
    [TestCase("class A { static void Decide(int c) { } }", "gives back void")]
    [TestCase("class A { static int Decide(int c, TimeProvider time) => c; }", "takes TimeProvider")]
    [TestCase("class A { static int Decide(ILogger<A> log) => 1; }", "takes ILogger<A>")]
    [TestCase("class A { A Evolve(Npgsql.NpgsqlConnection db) => this; }", "takes Npgsql.NpgsqlConnection")]
    public void decisions_that_are_not_pure(string code, string what) =>
        CodeRules.ImpureDecisions(File("A.cs", code)).ShouldContain(finding => finding.What.Contains(what));

    [TestCase("class A { static int Decide(int command, string state, DateTimeOffset now) => command; }")]
    [TestCase("class A { A Evolve(object happened) => this; }")]
    [TestCase("class A { void Handle(ILogger log) { } }")]
    public void but_not_those_that_are(string code) => CodeRules.ImpureDecisions(File("A.cs", code)).ShouldBeEmpty();

    [Test]
    public void functions_of_more_than_forty_lines()
    {
        CodeRules.LongFunctions(File("A.cs", Function(lines: 40))).ShouldBeEmpty();
        CodeRules.LongFunctions(File("A.cs", Function(lines: 41))).ShouldHaveSingleItem().Line.ShouldBe(3);
    }

    [Test]
    public void lines_of_more_than_110_columns()
    {
        TextRules.LongLines(File("A.cs", new string('é', 110))).ShouldBeEmpty();
        TextRules.LongLines(File("A.cs", "short\n" + new string('x', 111))).ShouldHaveSingleItem().Line.ShouldBe(2);
    }

    [Test]
    public void long_files_and_longer_programs()
    {
        TextRules.LongFile(File("services/A/A.cs", Lines(150))).ShouldBeEmpty();
        TextRules.LongFile(File("services/A/A.cs", Lines(151))).ShouldHaveSingleItem();
        TextRules.LongFile(File("services/A/Program.cs", Lines(40))).ShouldBeEmpty();
        TextRules.LongFile(File("services/A/Program.cs", Lines(41))).ShouldHaveSingleItem();
    }

    [TestCase("services/Ledger/Common/A.cs")]
    [TestCase("services/helpers/A.cs")]
    [TestCase("services/Ledger/Utils.cs")]
    [TestCase("ServiceDefaults/Extensions.cs")]
    public void names_that_say_nothing(string path) => TextRules.BannedName(path).ShouldHaveSingleItem();

    [TestCase("services/Ledger/Models.md")]
    [TestCase("stand/Some.Core/A.cs")]
    [TestCase("services/Ledger/SharedTerms.cs")]
    public void but_not_those_that_say_more(string path) => TextRules.BannedName(path).ShouldBeEmpty();

    [Test]
    public void usings_out_of_order()
    {
        TextRules.UnsortedUsings(File("A.cs", "using System;\nusing System.Net;\nusing Billing.A;\nusing Npgsql;\n"))
            .ShouldBeEmpty();
        TextRules.UnsortedUsings(File("A.cs", "using Billing.A;\nusing System;\n")).ShouldHaveSingleItem();
        TextRules.UnsortedUsings(File("A.cs", "using System.Text;\nusing System.Net;\n")).ShouldHaveSingleItem();
    }

    [Test]
    public void promises_without_an_issue()
    {
        TextRules.OpenPromises(File("A.cs", "// TODO later")).ShouldHaveSingleItem();
        TextRules.OpenPromises(File("A.cs", "// TODO(#12) later")).ShouldBeEmpty();
    }

    [TestCase("key = \"sk_live_abcdefgh1234\"")]
    [TestCase("-----BEGIN EC PRIVATE KEY-----MHcCAQ")]
    [TestCase("Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ")]
    public void secrets(string text) => TextRules.Secrets(File("a.json", text)).ShouldHaveSingleItem();

    [TestCase("/home/ada/billing")]
    [TestCase("\"/root/.nuget\"")]
    [TestCase("C:\\Users\\ada")]
    public void paths_of_one_machine(string text) => TextRules.MachinePaths(File("a.md", text)).ShouldHaveSingleItem();

    [TestCase("https://example.com/home/ada")]
    [TestCase("~/root/x")]
    [TestCase("/api/v1/home")]
    public void but_not_addresses(string text) => TextRules.MachinePaths(File("a.md", text)).ShouldBeEmpty();

    [Test]
    public void knowledge_of_how_packages_are_supplied() =>
        TextRules.KnowsOfStandIns(File("A.cs", "// the Stand" + "-in does not do this")).ShouldHaveSingleItem();

    [Test]
    public void namespaces_with_braces()
    {
        CodeRules.BlockNamespaces(File("A.cs", "namespace A { }")).ShouldHaveSingleItem();
        CodeRules.BlockNamespaces(File("A.cs", "namespace A;")).ShouldBeEmpty();
    }

    [Test]
    public void findings_without_an_exception_and_exceptions_without_a_finding()
    {
        Finding[] found = [new("a.cs", 1, "too long")];
        Excuse[] excused = [new("line", "a.cs", "a table")];

        Should.NotThrow(() => Excused.ShouldHold("line", found, excused));
        Should.Throw<ShouldAssertException>(() => Excused.ShouldHold("line", found, []));
        Should.Throw<ShouldAssertException>(() => Excused.ShouldHold("file", found, excused));
        Should.Throw<ShouldAssertException>(() => Excused.ShouldHold("line", [], excused));
    }

    private static Source File(string path, string text) => new(path, text);

    private static string Lines(int count) => string.Concat(Enumerable.Repeat("x\n", count));

    private static string Function(int lines) =>
        "class A\n{\nvoid F()\n{\n" + string.Concat(Enumerable.Repeat("F();\n", lines - 3)) + "}\n}\n";
}
