namespace Billing.Cli;

/// <summary>
/// One compiler for all projects of a build, instead of one for each that has to warm up. It has a name of its own, so
/// it belongs to whoever made it alone, and ends with it: nothing that holds memory or files stays behind.
/// </summary>
internal sealed class CompilerServer(string folder) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static int made;
    private readonly string name = $"billing-{Environment.ProcessId}-{Interlocked.Increment(ref made)}";

    /// <param name="patience">After this long the build is ended, and the outcome says so.</param>
    public Task<Outcome> Build(
        string target, string configuration, TimeSpan patience, CancellationToken cancellation,
        Action<string>? onLine = null) => Programs.Run(
        new Call(
            Building.Dotnet, "build", target, "-c", configuration, "--nologo", "-v", "minimal", "-tl:off",
            "-nodeReuse:false", "-p:UseRazorBuildServer=false", "-p:UseSharedCompilation=true",
            $"-p:SharedCompilationId={name}")
        {
            Folder = folder,
            Timeout = patience,
            OnLine = onLine,
        },
        cancellation);

    /// <summary>Also after a build that failed or was broken off. That no server ever came up is no error.</summary>
    public async ValueTask DisposeAsync()
    {
        var version = await Run("--version");
        if (!version.Succeeded) return;

        var server = Path.Combine(
            Path.GetDirectoryName(Real(Building.Dotnet))!, "sdk", version.Output.Trim(), "Roslyn", "bincore",
            "VBCSCompiler.dll");
        if (File.Exists(server)) await Run("exec", server, $"-pipename:{name}", "-shutdown");
    }

    private Task<Outcome> Run(params string[] arguments) => Programs.Run(
        new Call(Building.Dotnet, arguments) { Folder = folder, Timeout = Patience }, CancellationToken.None);

    // The SDK lies beside the program itself, not beside a link to it.
    private static string Real(string program) =>
        File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(program);
}
