using Billing.LocalTools;

namespace Billing.Testbed;

/// <summary>
/// Servers that tests use. Each is started once for each test process, when first asked for.
/// </summary>
public static class Servers
{
    /// <summary>
    /// An administrator's connection string, to the server that tests may fill with databases.
    /// </summary>
    public const string GivenPostgres = "BILLING_TEST_POSTGRES";

    private static readonly Lazy<Task<string>> postgres = new(StartPostgres);

    /// <summary>
    /// The connection string of an administrator: the given server's, else one of this process's own that
    /// ends with it, by whatever death.
    /// </summary>
    public static Task<string> Postgres() => postgres.Value;

    private static async Task<string> StartPostgres()
    {
        if (Environment.GetEnvironmentVariable(GivenPostgres) is { Length: > 0 } given) return given;

        var binaries = PostgresBinaries.Find(out var why) ?? throw new PreparationFailed(why);
        var running = await LocalPostgres.Throwaway(binaries, CancellationToken.None);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => running.DisposeAsync().AsTask().Wait();

        return running.ConnectionString;
    }
}
