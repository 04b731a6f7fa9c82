using Billing.Console;
using Billing.Console.Operations;
using Billing.Console.SignIn;
using Billing.Contracts;
using Billing.ServiceDefaults;

// The web pages for customers, operations and finance.
return await ServiceHost.Create(args, Resources.Console, typeof(Program).Assembly)
    .With(ServicesSeen.Add)
    .With(ServiceStates.Add)
    .With(TokenCookie.Add)
    .With(Screens.Add)
    .Map(Screens.Map)
    .Map(TokenCookie.Map)
    .Map(ListServices.Map)
    .Run();
