using Billing.Contracts;
using Billing.Ledger.Projections;
using Billing.ServiceDefaults;
using Npgsql;

namespace Billing.Ledger.Rebuild;

/// <summary>
/// The mode <c>Ledger rebuild [read model]</c>: makes read models again, with the owner's connection string,
/// while the service runs or not.
/// </summary>
public static class RebuildLedger
{
    /// <summary>The first argument that asks for it.</summary>
    public const string Verb = "rebuild";

    private const int Differed = 3, CannotGoOn = 1, WrongUse = 2;

    /// <summary>0: the same as before; 3: rebuilt, and what was there before differed.</summary>
    public static async Task<int> Run(string[] args)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddTime();
        await using var provider = builder.Services.BuildServiceProvider();
        var names = string.Join(", ", ReadModels.All.Select(model => model.Name));
        var models = ReadModels.All.Where(model => args.Length < 2 || model.Name == args[1]).ToList();
        if (args.Length > 2 || models.Count == 0)
            return await Refuse($"Say which read model: one of {names}; or none, for all.", WrongUse);
        if (OwnerOf(builder.Configuration) is not { } text)
            return await Refuse("The connection string 'ledger-owner' is missing.", CannotGoOn);

        await using var owner = Shadows(text);
        return await Rebuild(new(
            models, owner, provider.GetRequiredService<TimeProvider>(), Console.Out.WriteLine));
    }

    private static async Task<int> Rebuild(RebuildModels rebuild)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, press) =>
        {
            press.Cancel = true;
            stop.Cancel();
        };
        try
        {
            return await rebuild.Run(stop.Token) ? 0 : Differed;
        }
        catch (RebuildFailedException failed)
        {
            return await Refuse(failed.Message, CannotGoOn);
        }
        catch (UnreadableEventException unreadable)
        {
            return await Refuse($"{unreadable.Message} Nothing has changed.", CannotGoOn);
        }
        catch (OperationCanceledException)
        {
            return await Refuse("Interrupted; nothing has changed.", CannotGoOn);
        }
        catch (NpgsqlException refused)
        {
            return await Refuse($"PostgreSQL: {refused.Message} Nothing has changed.", CannotGoOn);
        }
    }

    /// <summary>Connections that find the shadows before the live tables.</summary>
    internal static NpgsqlDataSource Shadows(string owner) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(owner)
        {
            SearchPath = ShadowTables.SearchPath,
            Options = "-c maintenance_work_mem=256MB -c statement_timeout=0"
                + " -c idle_in_transaction_session_timeout=0 -c synchronous_commit=off",
            MaxAutoPrepare = 50,
            CommandTimeout = 0,
            IncludeErrorDetail = false,
        }.ConnectionString);

    private static string? OwnerOf(ConfigurationManager configuration) =>
        configuration.GetConnectionString(Resources.Connection(Resources.Ledger, DatabaseRoles.Owner));

    private static async Task<int> Refuse(string sentence, int code)
    {
        await Console.Error.WriteLineAsync($"{Resources.Ledger}: {sentence}");
        return code;
    }
}
