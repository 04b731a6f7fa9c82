using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Billing.LocalTools;

namespace Billing.Cli;

/// <summary>All verbs, and what is said when a command line names none of them.</summary>
internal static class CommandLine
{
    private const int WrongUse = 2;
    private const int Defect = 70;

    private static readonly TimeSpan TimeToStop = TimeSpan.FromSeconds(20);

    public static Command Create()
    {
        var help = new HelpOption();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);

        return new Verb(
            "./billing",
            "Usage-based billing on one machine: starts it, tests it, looks after what it needs.",
            "./billing up                  the whole system, with a dashboard; first time some minutes",
            "./billing verify              that everything adds up, on the running system",
            "./billing test                every test",
            "./billing <verb> --help       what a verb can do")
        {
            Verbs.Up.Create(),
            Verbs.MainJob.Send(),
            Verbs.MainJob.Verify(),
            Verbs.Test.Create(),
            Verbs.Reset.Create(),
            Verbs.Packages.Create(),
            Verbs.Doctor.Create(),
            Verbs.Token.Create(),
            Verbs.Parked.Create(),
            Verbs.MainJob.Demo(),
            Verbs.MainJob.Chaos(),
            Verbs.Rebuild.Create(),
            Verbs.Bench.Create(),
            help,
        };
    }

    public static async Task<int> Run(string[] arguments, TextWriter output, TextWriter error)
    {
        var root = Create();
        var parsed = root.Parse(arguments.Length == 0 ? ["--help"] : arguments);
        if (parsed.Action is ParseErrorAction or null)
        {
            error.WriteLine($"billing: {WhatIsWrong(root, parsed)}");

            return WrongUse;
        }

        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeToStop,
        };
        try
        {
            return await parsed.InvokeAsync(invocation);
        }
        catch (CannotGoOn stopped)
        {
            error.WriteLine($"billing: {stopped.Message}");

            return stopped.ExitCode;
        }
        catch (PreparationFailed stopped)
        {
            error.WriteLine($"billing: {stopped.Message}");

            return 1;
        }
        catch (OperationCanceledException)
        {
            error.WriteLine("billing: interrupted.");

            return 130;
        }
        catch (IOException full) when (full.HResult is DiskFull or QuotaExceeded)
        {
            error.WriteLine($"billing: the disk is full: {full.Message}");

            return 1;
        }
        catch (Exception unexpected)
        {
            error.WriteLine($"billing: this should not happen: {unexpected}");

            return Defect;
        }
    }

    private static string WhatIsWrong(Command root, ParseResult parsed)
    {
        var verbs = root.Subcommands.Select(verb => verb.Name).ToList();
        if (parsed.CommandResult.Command != root || parsed.UnmatchedTokens is [])
            return $"{(parsed.Errors is [var first, ..] ? first.Message : "a verb is missing.")} "
                + $"(See {Usage(parsed.CommandResult.Command)} --help.)";

        var word = parsed.UnmatchedTokens[0];
        var closest = verbs.MinBy(verb => Distance(verb, word))!;
        var meant = Distance(closest, word) <= 2 ? $" Did you mean {closest}?" : "";

        return $"there is no verb '{word}'.{meant} There are {string.Join(", ", verbs)} (see ./billing --help).";

        string Usage(Command command) => command == root ? root.Name : $"{root.Name} {command.Name}";
    }

    /// <summary>How many letters to add, drop or change (Levenshtein).</summary>
    internal static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var above = row[j];
                var change = left[i - 1] == right[j - 1] ? diagonal : diagonal + 1;
                row[j] = Math.Min(change, Math.Min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }

        return row[^1];
    }

    private const int DiskFull = 28;
    private const int QuotaExceeded = 122;
}
