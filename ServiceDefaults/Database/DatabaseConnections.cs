using System.Text.RegularExpressions;
using Billing.Contracts;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Billing.ServiceDefaults.Database;

/// <summary>The connection strings of one service's database. What is missing or misspelt is named.</summary>
internal static partial class DatabaseConnections
{
    /// <summary>The server's administrator; the database is the service's, and may not exist yet.</summary>
    /// <exception cref="CannotStartException">It is missing, or not a connection string.</exception>
    public static NpgsqlConnectionStringBuilder Admin(IConfiguration configuration, string service) =>
        Read(configuration, service);

    /// <exception cref="CannotStartException">It is missing, or not a connection string.</exception>
    public static NpgsqlConnectionStringBuilder Of(
        IConfiguration configuration, string service, string role) =>
        Read(configuration, Resources.Connection(service, role));

    private static NpgsqlConnectionStringBuilder Read(IConfiguration configuration, string name)
    {
        var text = configuration.RequiredConnection(name);
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new(text);
        }
        catch (Exception misspelt) when (misspelt is ArgumentException or FormatException)
        {
            // The text itself holds a password, and the message may hold the text.
            throw new CannotStartException($"The connection string '{name}' cannot be read.", misspelt);
        }

        foreach (var (part, value) in new[] { ("Host", builder.Host), ("Database", builder.Database) })
            if (string.IsNullOrEmpty(value))
                throw new CannotStartException($"The connection string '{name}' names no {part}.");

        return PlainName().IsMatch(builder.Database!)
            ? builder
            : throw new CannotStartException(
                $"The connection string '{name}' names the database '{builder.Database}'; only small "
                + "letters, digits and _ may be in a name.");
    }

    /// <summary>
    /// Names that SQL can write without quotes; so no name can ever break out of a statement.
    /// </summary>
    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$")]
    internal static partial Regex PlainName();
}
