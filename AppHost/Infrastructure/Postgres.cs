using Aspire.Hosting.ApplicationModel;
using Billing.Contracts;
using Billing.LocalTools;
using Microsoft.Extensions.Configuration;

namespace Billing.AppHost.Infrastructure;

/// <summary>PostgreSQL: given, in a container, or installed here.</summary>
internal static class Postgres
{
    /// <summary>Takes the first that can be had; a setting <c>Billing__Postgres</c> picks one.</summary>
    public static PostgresServer Take(Stack stack)
    {
        PostgresBinaries.Found? found = null;
        var taken = stack.Take(new Offers(
            Resources.Postgres,
            stack.Builder.Configuration["Billing:Postgres"],
            stack.Given(Resources.Postgres),
            stack.Container,
            () => (found = PostgresBinaries.Find(out var why)) is { } binaries
                ? new Answer(true, $"PostgreSQL {binaries.Version}, {binaries.Source}")
                : new Answer(false, why.TrimEnd('.'))));

        var server = taken switch
        {
            Source.Given => Given(stack),
            Source.Container => InContainer(stack),
            _ => Installed(stack, found!),
        };
        stack.Taken.Postgres = server.Address;
        return server;
    }

    private static PostgresServer Given(Stack stack)
    {
        var given = stack.Builder.Configuration.GetConnectionString(Resources.Postgres)!;
        GivenServers.CheckPostgres(given);
        var (address, adminText) = PostgresServer.Split(given);
        var admin = stack.Builder.AddParameter("postgres-admin", adminText, secret: true);
        stack.Builder.AddConnectionString(Resources.Postgres)
            .WithHealthCheck(stack.AddPostgresCheck(_ => ValueTask.FromResult<string?>(given)));

        return new(
            stack.Builder, ReferenceExpression.Create($"{address}"), ReferenceExpression.Create($"{admin}"),
            Resource: null, stack.Installation);
    }

    private static PostgresServer InContainer(Stack stack)
    {
        var password = stack.Secret(Resources.Postgres);
        // Its own health check asks the server; the volume is this data folder's, so that a reset starts
        // anew.
        var server = stack.Builder.AddPostgres(Resources.Postgres, password: password)
            .WithDataVolume(stack.Volume(Resources.Postgres));
        var endpoint = server.Resource.PrimaryEndpoint;
        var address = ReferenceExpression.Create(
            $"Host={endpoint.Property(EndpointProperty.Host)};"
            + $"Port={endpoint.Property(EndpointProperty.Port)}");

        return new(
            stack.Builder, address, server.Resource.ConnectionStringExpression, server, stack.Installation);
    }

    private static PostgresServer Installed(Stack stack, PostgresBinaries.Found binaries)
    {
        var data = stack.Installation.Folder("postgres");
        if (Directory.Exists(data) && stack.Installation.Secrets.IsNew)
            throw new PreparationFailed(
                $"{data} holds databases, but their passwords in secrets.json beside it are gone: put it "
                + "back, or run ./billing reset.");

        var password = stack.Secret(Resources.Postgres);
        var postgres = LocalPostgres.Prepare(
            binaries, data, stack.Installation.Secrets[Resources.Postgres], stack.Say);
        var port = stack.Port(Resources.Postgres);
        var (command, arguments) = postgres.StartCommand(port);
        var server = stack.Builder
            .AddExecutable(Resources.Postgres, command, stack.Installation.Directory, arguments)
            .WithEndpoint(port, port, scheme: "tcp", name: "tcp", isProxied: false);
        var address = ReferenceExpression.Create(
            $"Host=127.0.0.1;Port={server.GetEndpoint("tcp").Property(EndpointProperty.Port)}");
        var admin = ReferenceExpression.Create(
            $"{address};Username={LocalPostgres.Administrator};Password={password}");
        var database = ReferenceExpression.Create($"{admin};Database=postgres");
        server.WithHealthCheck(stack.AddPostgresCheck(cancellation => database.GetValueAsync(cancellation)));

        return new(stack.Builder, address, admin, server, stack.Installation);
    }
}
