using System.Diagnostics;
using Billing.LocalTools;
using Billing.Testbed;

namespace Billing.Cli.Tests;

/// <summary>
/// The script alone, in a checkout made of a few files, with a <c>dotnet</c> that only notes what it is asked to do:
/// so each of these takes a moment instead of a build.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ScriptTests
{
    // "build" makes what a build would; a dll prints its arguments, or waits for a signal.
    private const string Dotnet = """
        #!/bin/sh
        case $1 in
          --version) [ -z "${NO_SDK:-}" ] && echo 10.0.400 || exit 1 ;;
          --list-sdks) echo "8.0.100 [/usr/share/dotnet/sdk]" ;;
          build)
            echo build >> "$NOTES"
            [ -z "${BROKEN:-}" ] || { echo "Program.cs(1,1): error CS1002: ; expected"; exit 1; }
            while [ $# -gt 0 ]; do [ "$1" = --artifacts-path ] && out=$2; shift; done
            mkdir -p "$out/bin/Billing.Cli/debug"
            cat eng/Billing.Cli/Program.cs > "$out/bin/Billing.Cli/debug/Billing.Cli.dll" ;;
          *)
            case ${2:-} in
              wait) trap 'echo stopped; exit 42' TERM; echo $$ > "$NOTES.pid"; while :; do sleep 0.05; done ;;
              fail) exit 7 ;;
              *) cat "$1"; shift; for argument in "$@"; do echo "[$argument]"; done ;;
            esac ;;
        esac
        """;

    private Folder home = null!;

    private string Root => home.Of("a checkout with spaces");

    private string Notes => home.Of("notes");

    private int Builds => File.Exists(Notes) ? File.ReadAllLines(Notes).Length : 0;

    [SetUp]
    public void MakeCheckout()
    {
        home = new Folder("billing script ");
        Put(File.ReadAllText(Path.Combine(Checkout.Root, "billing")), "a checkout with spaces", "billing");
        Put(Dotnet, "bin", "dotnet");
        home.Write(Path.Combine("a checkout with spaces", "eng", "Billing.Cli", "Program.cs"), "first\n");
        home.Write(Path.Combine("a checkout with spaces", "eng", "Billing.LocalTools", "Cache.cs"), "");
        home.Write(Path.Combine("a checkout with spaces", "global.json"), "{}");
    }

    [TearDown]
    public void Remove() => home.Dispose();

    [Test]
    public async Task arguments_arrive_as_they_were_given()
    {
        var (code, output, _) = await Run("token", "", "two words", "it's", "$HOME", "*");

        code.ShouldBe(0);
        output.ShouldBe("first\n[token]\n[]\n[two words]\n[it's]\n[$HOME]\n[*]\n");
    }

    [Test]
    public async Task it_builds_when_its_sources_change_and_only_then()
    {
        (await Run("up")).Error.ShouldContain("Building ./billing with .NET SDK 10.0.400");
        var (_, _, quiet) = await Run("up");
        quiet.ShouldBeEmpty();
        Builds.ShouldBe(1);

        home.Write(Path.Combine("a checkout with spaces", "eng", "Billing.Cli", "Program.cs"), "other\n");
        (await Run("up")).Output.ShouldStartWith("other");
        home.Write(Path.Combine("a checkout with spaces", "eng", "Billing.LocalTools", "New.cs"), "");
        await Run("up");
        Builds.ShouldBe(3);

        // Back to a state that was built before.
        File.Delete(Path.Combine(Root, "eng", "Billing.LocalTools", "New.cs"));
        (await Run("up")).Output.ShouldStartWith("other");
        Builds.ShouldBe(3);
    }

    [Test]
    public async Task it_works_from_anywhere_and_through_links()
    {
        File.CreateSymbolicLink(home.Of("absolute"), Path.Combine(Root, "billing"));
        File.CreateSymbolicLink(home.Of("bin", "relative"), Path.Combine("..", "absolute"));

        (await RunIn(home.Of("bin", "relative"), "/", [], "up")).Output.ShouldBe("first\n[up]\n");
        (await RunIn(home.Of("absolute"), home.Path, [], "up")).Output.ShouldBe("first\n[up]\n");
        Builds.ShouldBe(1);
    }

    [Test]
    public async Task many_at_once_build_once()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Run("up")));

        all.ShouldAllBe(one => one.Code == 0 && one.Output == "first\n[up]\n");
        Builds.ShouldBe(1);
    }

    [Test]
    public async Task the_exit_code_is_the_verbs() => (await Run("fail")).Code.ShouldBe(7);

    [Test]
    public async Task a_signal_reaches_the_verb_because_the_script_became_it()
    {
        await Run("up");
        using var process = Start(Path.Combine(Root, "billing"), Root, [], ["wait"]);
        await Eventually.Is(() => File.Exists($"{Notes}.pid") && File.ReadAllText($"{Notes}.pid").EndsWith('\n'));
        File.ReadAllText($"{Notes}.pid").Trim().ShouldBe($"{process.Id}");

        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        (process.ExitCode, output).ShouldBe((42, "stopped\n"));
    }

    [Test]
    public async Task a_missing_sdk_is_one_sentence()
    {
        var (code, _, error) = await RunIn(Path.Combine(Root, "billing"), Root, new() { ["NO_SDK"] = "1" }, "up");
        code.ShouldBe(3);
        error.Trim().ShouldBe(
            "billing: needs the .NET SDK 10.0.4xx or a later 10.0 (https://dot.net/download); dotnet has only: 8.0.100");

        File.Delete(home.Of("bin", "dotnet"));
        (code, _, error) = await RunIn(
            Path.Combine(Root, "billing"),
            Root,
            new() { ["PATH"] = ToolsWithoutDotnet(), ["DOTNET_ROOT"] = "", ["HOME"] = home.Path },
            "up");
        code.ShouldBe(3);
        error.Trim().ShouldEndWith("no dotnet is on PATH.");
    }

    [Test]
    public async Task a_tool_that_does_not_build_says_why()
    {
        var (code, _, error) = await RunIn(Path.Combine(Root, "billing"), Root, new() { ["BROKEN"] = "1" }, "up");

        code.ShouldBe(4);
        error.ShouldContain("error CS1002");
        error.ShouldContain("build.log");
        (await Run("up")).Code.ShouldBe(0);
    }

    [Test]
    public async Task the_real_one_prints_a_token_and_nothing_else()
    {
        var environment = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH")! };
        environment["BILLING_DATA"] = home.Of("data");

        var (code, output, error) = await RunIn(
            Path.Combine(Checkout.Root, "billing"), home.Path, environment, "token", "finance");

        code.ShouldBe(0, error);
        output.Trim().Split('.').Length.ShouldBe(3);
        output.Trim().ShouldNotContain('\n');
    }

    private Task<(int Code, string Output, string Error)> Run(params string[] arguments) =>
        RunIn(Path.Combine(Root, "billing"), Root, [], arguments);

    private async Task<(int Code, string Output, string Error)> RunIn(
        string script, string folder, Dictionary<string, string> environment, params string[] arguments)
    {
        using var process = Start(script, folder, environment, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        return (process.ExitCode, output, await error);
    }

    private Process Start(
        string script, string folder, Dictionary<string, string> environment, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(script, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{home.Of("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["NOTES"] = Notes;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        return Process.Start(start)!;
    }

    private string ToolsWithoutDotnet()
    {
        var tools = Directory.CreateDirectory(home.Of("tools")).FullName;
        foreach (var tool in new[] { "sh", "dirname", "readlink" })
            File.CreateSymbolicLink(Path.Combine(tools, tool), Programs.Find(tool)!);

        return tools;
    }

    private void Put(string text, params string[] parts)
    {
        var path = home.Write(Path.Combine(parts), text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
