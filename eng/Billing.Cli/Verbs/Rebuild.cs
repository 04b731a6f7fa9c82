using System.CommandLine;
using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>
/// Makes read models again from the events, while the stack runs: starts the service's own program in its mode for that,
/// with the owner's connection string.
/// </summary>
internal static class Rebuild
{
    private const string Service = "ledger", Owner = "ledger-owner", OwnerRole = "ledger_owner";
    private const string Given = "ConnectionStrings__postgres";

    public static Command Create()
    {
        var model = new Argument<string?>("model")
        {
            Description = "charges, journal, balances, trial-balance, usage-days or open-items. [default: all of them]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var ledger = new Verb(
            "ledger",
            "Makes read models of the ledger again from its events, compares them with the live ones, and puts them in "
            + "their place. Exit code 3 if they differed.",
            "./billing rebuild ledger",
            "./billing rebuild ledger balances")
        {
            model,
        };
        ledger.SetAction(parsed => Start(parsed.GetValue(model), Checkout.Data));

        return new Verb("rebuild", "Makes what questions read again, while the stack runs.", "./billing rebuild ledger")
        {
            ledger,
        };
    }

    private static void Start(string? model, string data)
    {
        var program = Building.OutputOf(Path.Combine(Checkout.Root, "services", "Ledger", "Ledger.csproj"));
        if (!File.Exists(program)) throw new CannotGoOn("the Ledger is not built: ./billing up builds it.");

        List<string> arguments = ["dotnet", program, "rebuild"];
        if (model is not null) arguments.Add(model);
        Programs.Become(Building.Dotnet, arguments, new Dictionary<string, string>
        {
            [$"ConnectionStrings__{Owner}"] = ConnectionString(data, Environment.GetEnvironmentVariable(Given)),
        });

        throw new UnreachableException();
    }

    /// <param name="given">The server that the user gave to the stack; null where the stack has its own.</param>
    /// <exception cref="CannotGoOn">No stack is up, or its server is in a container.</exception>
    internal static string ConnectionString(string data, string? given)
    {
        _ = RunningStack.AddressOf(Service, data); // says what is missing where none is up
        var server = given is { Length: > 0 } ? Address(given) : OwnServer(data);

        return $"{server};Username={OwnerRole};Password={Password(data)};Database={Service}";
    }

    private static string Address(string given)
    {
        var parts = new DbConnectionStringBuilder { ConnectionString = given };
        foreach (var who in (string[])["Username", "User Id", "UserId", "User", "Password", "Database"]) parts.Remove(who);

        return parts.ConnectionString;
    }

    /// <summary>The fourth line of the file that a running server keeps is its port.</summary>
    private static string OwnServer(string data)
    {
        var note = Path.Combine(data, "postgres", "postmaster.pid");

        return File.Exists(note) && File.ReadLines(note).ElementAtOrDefault(3) is { Length: > 0 } port
            ? $"Host=127.0.0.1;Port={port.Trim()}"
            : throw new CannotGoOn(
                $"the PostgreSQL of the stack on {data} is not one of installed programs: say where it is with {Given}.");
    }

    private static string Password(string data)
    {
        try
        {
            using var secrets = JsonDocument.Parse(File.ReadAllText(Path.Combine(data, "secrets.json")));

            return secrets.RootElement.GetProperty(Owner).GetString()!;
        }
        catch (Exception none) when (none is IOException or JsonException or KeyNotFoundException)
        {
            throw new CannotGoOn($"secrets.json in {data} has no password of the owner of the ledger's database.");
        }
    }
}
