using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Billing.LocalTools;

namespace Billing.Cli;

/// <summary>
/// Builds, and knows when there is nothing to build without asking MSBuild, which would take seconds to say so.
/// </summary>
internal sealed partial class Building
{
    /// <summary>The same for F5, <c>dotnet run</c> and <c>dotnet test</c>, so that nothing is built twice.</summary>
    public const string Configuration = "Debug";

    private const string TargetFramework = "net10.0";
    private const int ErrorsShown = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    private static readonly string[] Product = ["AppHost", "ServiceDefaults", "contracts", "services", "eng", "stand-ins"];
    private static readonly string[] Tests = ["tests"];

    /// <summary>Built with the AppHost and started by path.</summary>
    private static readonly string[] BesideTheServices = ["Billing.Broker", "Billing.Samples", "Billing.Verify"];

    private readonly string checkout;
    private readonly string notes;
    private readonly string packages;

    public Building(string checkout, PackageChoice packages)
    {
        this.checkout = checkout;
        this.packages = packages.Text;
        notes = Path.Combine(checkout, "eng", "Billing.Cli", "bin", "builds");
    }

    /// <summary>Where a project's program or library is once it is built.</summary>
    public static string OutputOf(string project) => Path.Combine(
        Path.GetDirectoryName(project)!,
        "bin",
        Configuration,
        TargetFramework,
        Path.GetFileNameWithoutExtension(project) + ".dll");

    /// <summary>The AppHost with everything that it starts.</summary>
    public async Task AppHost(Terminal terminal, CancellationToken cancellation)
    {
        using var alone = Alone(terminal, cancellation);
        var state = StateOf(Product);
        if (IsBuilt("AppHost", state) && Outputs().All(File.Exists)) return;

        await Build(terminal, "AppHost and services", Path.Combine("AppHost", "AppHost.csproj"), cancellation);
        Note("AppHost", state);
    }

    /// <summary>Everything, tests included.</summary>
    public async Task Solution(Terminal terminal, CancellationToken cancellation)
    {
        using var alone = Alone(terminal, cancellation);
        var product = StateOf(Product);
        var all = StateOf([.. Product, .. Tests]);
        if (IsBuilt("Billing", all) && Outputs().All(File.Exists)) return;

        await Build(terminal, "everything", "Billing.sln", cancellation);
        Note("AppHost", product);
        Note("Billing", all);
    }

    /// <summary>One project with what it references.</summary>
    public async Task Project(Terminal terminal, string project, CancellationToken cancellation)
    {
        using var alone = Alone(terminal, cancellation);
        var name = Path.GetFileNameWithoutExtension(project);
        await Build(terminal, name, Path.GetRelativePath(checkout, project), cancellation);
    }

    private FileLock Alone(Terminal terminal, CancellationToken cancellation)
    {
        try
        {
            return FileLock.Take(
                Path.Combine(notes, "lock"),
                () => terminal.Line("Another ./billing is building; waiting for it ..."),
                cancellation);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new CannotGoOn($"{notes} cannot be written: {refused.Message}");
        }
    }

    private IEnumerable<string> Outputs() =>
        Directory.EnumerateFiles(Path.Combine(checkout, "services"), "*.csproj", SearchOption.AllDirectories)
            .Append(Path.Combine(checkout, "AppHost", "AppHost.csproj"))
            .Concat(BesideTheServices.Select(name => Path.Combine(checkout, "eng", name, $"{name}.csproj")))
            .Select(OutputOf);

    private async Task Build(Terminal terminal, string what, string target, CancellationToken cancellation)
    {
        var log = Path.Combine(notes, Path.GetFileNameWithoutExtension(target) + ".log");
        await terminal.Step($"Building {what}", async report =>
        {
            var built = 0;
            await using var compiler = new CompilerServer(checkout);
            var outcome = await compiler.Build(target, Configuration, Patience, cancellation, line =>
            {
                if (Built().Match(line) is { Success: true } done)
                    report($"{++built} projects, last {done.Groups[1].Value}");
            });
            await File.WriteAllTextAsync(log, outcome.Output, cancellation);
            if (!outcome.Succeeded)
                throw new CannotGoOn(WhatFailed(what, outcome, log));
        });
    }

    private string WhatFailed(string what, Outcome outcome, string log)
    {
        if (outcome.TimedOut) return $"building {what} took longer than {Terminal.Seconds(Patience)}: see {log}";
        if (outcome.Output.Contains("No space left on device", StringComparison.Ordinal))
            return $"the disk is full: {what} could not be built in {checkout}.";

        var errors = outcome.Output.Split('\n').Where(line => Error().IsMatch(line)).Select(line => line.Trim())
            .Select(line => line.Replace(checkout + "/", "", StringComparison.Ordinal)).Distinct().ToList();
        var shown = string.Join("\n  ", errors.Take(ErrorsShown));
        if (errors.Any(error => error.Contains("NU1301", StringComparison.Ordinal)))
            return $"the package feed does not answer, so {what} cannot be restored:\n  {shown}";
        if (errors.Any(error => error.Contains("NU1101", StringComparison.Ordinal)))
            return $"the package feed lacks packages that the mode '{packages}' takes from it; "
                + $"./billing doctor says which mode it could serve:\n  {shown}";

        return errors.Count == 0
            ? $"building {what} failed: see {log}"
            : $"building {what} failed with {errors.Count} error{(errors.Count == 1 ? "" : "s")} (all in {log}):\n  {shown}";
    }

    private bool IsBuilt(string name, string state) =>
        File.Exists(StampOf(name)) && File.ReadAllText(StampOf(name)) == state;

    private void Note(string name, string state) => File.WriteAllText(StampOf(name), state);

    private string StampOf(string name) => Path.Combine(notes, name + ".state");

    /// <summary>
    /// Names, sizes and times of all that a build reads. Times rather than content, so that going to another commit and
    /// back counts as a change: another tool may have built in between.
    /// </summary>
    private string StateOf(IEnumerable<string> folders)
    {
        var state = new StringBuilder().Append(checkout).Append('|').Append(packages).Append('\n');
        var files = Directory.EnumerateFiles(checkout)
            .Concat(folders.SelectMany(folder => Files(new DirectoryInfo(Path.Combine(checkout, folder)))))
            .Append(Install.Librdkafka.Library);
        foreach (var file in files.Order(StringComparer.Ordinal))
            if (new FileInfo(file) is { Exists: true } there)
                state.Append(
                    CultureInfo.InvariantCulture, $"{file}|{there.Length}|{there.LastWriteTimeUtc.Ticks}\n");

        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(state.ToString())));
    }

    private static IEnumerable<string> Files(DirectoryInfo folder)
    {
        if (!folder.Exists) return [];

        return folder.EnumerateFiles().Select(file => file.FullName).Concat(folder.EnumerateDirectories()
            .Where(inner => inner.Name is not ("bin" or "obj" or "TestResults" or "node_modules"))
            .SelectMany(Files));
    }

    /// <summary>The host that runs this tool, so that a second installation on PATH changes nothing.</summary>
    public static string Dotnet => Environment.ProcessPath is { } running
        && Path.GetFileNameWithoutExtension(running) == "dotnet"
            ? running
            : Programs.Find("dotnet") ?? throw new CannotGoOn("no dotnet is on PATH.");

    [GeneratedRegex(@"^\s*(\S+) -> ")]
    private static partial Regex Built();

    [GeneratedRegex(@"\berror [A-Z]+[0-9]+:|: error ")]
    private static partial Regex Error();
}
