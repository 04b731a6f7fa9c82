using System.Diagnostics;
using Billing.Testbed;

namespace Billing.Cli.Tests;

public sealed class ProgramsTests
{
    [Test]
    public async Task both_streams_and_the_exit_code_are_kept()
    {
        var heard = new List<string>();
        var outcome = await Programs.Run(
            new Call("sh", "-c", "echo out; echo err >&2; exit 3")
            {
                OnLine = line =>
                {
                    lock (heard)
                        heard.Add(line);
                },
            },
            CancellationToken.None);

        outcome.ExitCode.ShouldBe(3);
        outcome.Succeeded.ShouldBeFalse();
        heard.ShouldBe(["out", "err"], ignoreOrder: true);
    }

    [Test]
    public async Task nobody_waits_for_an_answer_that_cannot_come() =>
        (await Programs.Run(new Call("cat"), CancellationToken.None)).ExitCode.ShouldBe(0);

    [Test]
    public async Task a_program_that_is_missing_is_an_outcome() =>
        (await Programs.Run(new Call("no-such-program"), CancellationToken.None)).ExitCode.ShouldBe(127);

    [Test]
    public async Task what_takes_too_long_is_ended()
    {
        var outcome = await Programs.Run(
            new Call("sleep", "600") { Timeout = TimeSpan.FromMilliseconds(200) }, CancellationToken.None);

        outcome.TimedOut.ShouldBeTrue();
        outcome.Succeeded.ShouldBeFalse();
    }

    [Test]
    public async Task nothing_is_left_behind_when_it_is_interrupted()
    {
        using var stop = new CancellationTokenSource();
        var child = 0;
        var running = Programs.Run(
            new Call("sh", "-c", "echo $$; exec sleep 600")
            {
                OnLine = line => child = int.Parse(line, System.Globalization.CultureInfo.InvariantCulture),
            },
            stop.Token);
        await Eventually.Is(() => child != 0);

        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running);

        Should.Throw<ArgumentException>(() => Process.GetProcessById(child));
    }

    [Test]
    public async Task variables_can_be_added_and_removed()
    {
        var outcome = await Programs.Run(
            new Call("sh", "-c", "echo \"$ADDED/${HOME-gone}\"")
            {
                Environment = new Dictionary<string, string?> { ["ADDED"] = "here", ["HOME"] = null },
            },
            CancellationToken.None);

        outcome.Output.ShouldBe("here/gone\n");
    }
}
