namespace Billing.Cli.Tests;

public sealed class HelpTests
{
    private static IEnumerable<string> Verbs => CommandLine.Create().Subcommands.Select(verb => verb.Name);

    [Test]
    public async Task the_help_of_the_tool_names_every_verb() =>
        await VerifyNUnit.Verifier.Verify(await HelpOf("--help"));

    [TestCaseSource(nameof(Verbs))]
    public async Task each_verb_explains_itself_with_examples(string verb) =>
        await VerifyNUnit.Verifier.Verify(await HelpOf(verb, "--help"));

    [Test]
    public async Task no_verb_at_all_shows_the_help() => (await HelpOf()).ShouldBe(await HelpOf("--help"));

    [TestCase("tset", "billing: there is no verb 'tset'. Did you mean test? There are up, send, verify, test,")]
    [TestCase("frobnicate", "billing: there is no verb 'frobnicate'. There are up, send, verify, test,")]
    public async Task an_unknown_verb_gets_one_sentence(string verb, string sentence)
    {
        var (code, output, error) = await Run(verb);

        code.ShouldBe(2);
        output.ShouldBeEmpty();
        error.ShouldStartWith(sentence);
        error.Trim().ShouldNotContain('\n');
    }

    [TestCase("doctor", "--fxi")]
    [TestCase("token")]
    [TestCase("up", "--kafka", "rabbit")]
    public async Task a_wrong_option_points_to_the_help_of_its_verb(params string[] arguments)
    {
        var (code, output, error) = await Run(arguments);

        code.ShouldBe(2);
        output.ShouldBeEmpty();
        error.ShouldContain($"(See ./billing {arguments[0]} --help.)");
    }

    private static async Task<string> HelpOf(params string[] arguments)
    {
        var (code, output, error) = await Run(arguments);

        code.ShouldBe(0);
        error.ShouldBeEmpty();

        // The writer of help pads lines to the width of its columns.
        return string.Join('\n', output.Split('\n').Select(line => line.TrimEnd())).Trim();
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await CommandLine.Run(arguments, output, error);

        return (code, output.ToString(), error.ToString());
    }
}
