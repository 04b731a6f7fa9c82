using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Billing.Cli;

/// <summary>One thing the tool does. Its help ends with examples.</summary>
internal sealed class Verb(string name, string description, params IReadOnlyList<string> examples)
    : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;
}

/// <summary>The usual help, then the verb's examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        usual.MaxWidth = 100;
        var code = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is not Verb verb) return code;

        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in verb.Examples)
            output.WriteLine($"  {example}");

        return code;
    }
}
