using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Billing.LocalTools;

namespace Billing.Cli.Install;

/// <summary>
/// The native library behind Confluent.Kafka, compiled once from the sources in an npm package, for feeds that lack
/// librdkafka.redist. stand-ins/librdkafka.redist copies it from the cache into each output folder.
/// </summary>
internal static class Librdkafka
{
    public const string Version = "2.15.1";

    private const string Package = "@confluentinc/kafka-javascript";
    private const string PackageVersion = "1.10.1";
    private const string SourcesInPackage = "package/deps/librdkafka/";
    private const string Name = "librdkafka-" + Version;
    private const string Made = "librdkafka.so.1";

    public static string Library => Path.Combine(Cache.Root, Name, "librdkafka.so");

    /// <summary>The version that a library file says it is, or null when it cannot be loaded.</summary>
    public static unsafe string? VersionOf(string library)
    {
        if (!File.Exists(library) || !NativeLibrary.TryLoad(library, out var loaded)) return null;
        if (!NativeLibrary.TryGetExport(loaded, "rd_kafka_version_str", out var ask)) return null;

        return Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)ask)());
    }

    public static bool IsBuilt => VersionOf(Library) == Version;

    public static async Task Ensure(Terminal terminal, CancellationToken cancellation)
    {
        if (IsBuilt) return;
        if (!OperatingSystem.IsLinux())
            throw new CannotGoOn(
                "librdkafka is compiled on Linux only: use ./billing packages nuget, where it comes with its package.");

        using var workplace = Workplace.Open(Name, terminal, cancellation);
        if (IsBuilt) return;

        var compiler = await Compiler.Require(terminal, cancellation);
        await terminal.Step($"Compiling librdkafka {Version} once (about two minutes)", async report =>
        {
            report("fetching the sources");
            var archive = await NpmPackage.Fetch(Package, PackageVersion, workplace.Folder, cancellation);
            var sources = Unpack(archive, Path.Combine(workplace.Folder, "librdkafka"));
            var library = await Compile(sources, compiler, report, cancellation);

            var version = VersionOf(library);
            if (version != Version)
                throw new CannotGoOn($"the compiled librdkafka says it is {version ?? "nothing"} instead of {Version}.");

            Workplace.PutFile(library, Library);
        });
    }

    private static string Unpack(string archive, string folder)
    {
        using var packed = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress);
        using var entries = new TarReader(packed);
        while (entries.GetNextEntry() is { } entry)
        {
            // Only what the library is made of; the package carries much more.
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) continue;
            if (!entry.Name.StartsWith(SourcesInPackage, StringComparison.Ordinal)) continue;

            var path = Path.GetFullPath(Path.Combine(folder, entry.Name[SourcesInPackage.Length..]));
            if (!path.StartsWith(folder + "/", StringComparison.Ordinal))
                throw new CannotGoOn($"{Package}@{PackageVersion} holds a path that leads out of it: {entry.Name}");

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            entry.ExtractToFile(path, overwrite: false);
        }

        return folder;
    }

    private static async Task<string> Compile(
        string sources, Compiler compiler, Action<string> report, CancellationToken cancellation)
    {
        var log = Workplace.Log(Name);
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        await File.WriteAllTextAsync(log, "", cancellation);
        var environment = new Dictionary<string, string?>
        {
            ["CC"] = compiler.C,
            ["CXX"] = compiler.Cpp,
            ["MAKEFLAGS"] = null,
        };

        report("configuring");
        await Logged(new Call("bash", "configure", "--disable-debug-symbols"));

        var plan = await Logged(new Call(compiler.Make, "-n", "-C", "src", Made));
        var toCompile = Math.Max(1, plan.Output.Split('\n').Count(IsCompilation));
        var compiled = 0;
        await Logged(new Call(compiler.Make, $"-j{Environment.ProcessorCount}", "-C", "src", Made)
        {
            OnLine = line =>
            {
                if (IsCompilation(line))
                    report($"{Math.Min(99, 100 * Interlocked.Increment(ref compiled) / toCompile)} %");
            },
        });

        File.Delete(log);

        return Path.Combine(sources, "src", Made);

        static bool IsCompilation(string line) => line.Contains(" -c ", StringComparison.Ordinal);

        async Task<Outcome> Logged(Call call)
        {
            var outcome = await Programs.Run(call with { Folder = sources, Environment = environment }, cancellation);
            await File.AppendAllTextAsync(log, outcome.Output, cancellation);
            if (outcome.Succeeded) return outcome;

            throw new CannotGoOn(outcome.Output.Contains("No space left on device", StringComparison.Ordinal)
                ? $"the disk is full: librdkafka could not be compiled in {sources}."
                : $"librdkafka could not be compiled ({call.Program} ended with {outcome.ExitCode}): see {log}");
        }
    }
}
