// SPDX-License-Identifier: Apache-2.0
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { createBrowserRouter, Navigate, Outlet, RouterProvider } from "react-router-dom";
import { toApiError } from "./api/problem";
import { Waiting } from "./components/waiting";
import { pages } from "./pages";
import { SessionProvider, useSessionState } from "./session/session";
import { Theme } from "./theme/theme";

// Asked for at once, beside the session: who comes is signed in, or soon will be.
const shell = import("./layout/shell");
// Beside it what is shown when a page cannot be loaded, which is when this could not be either.
shell.then(() => import("./layout/failure")).catch(() => {}); // said where it is shown

const SignIn = lazy(() => import("./session/sign-in"));
const Shell = lazy(() => shell);
const Failure = lazy(() => import("./layout/failure"));
const NotFound = lazy(() => import("./layout/not-found"));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Events tell when something is old (api/events.ts): nothing is asked again for the sake of time.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: (count, error) => toApiError(error).status === 0 && count < 3,
    },
  },
});

/** The shell for who is signed in, the sign-in page for others; the address is kept. */
function Gate() {
  const { state } = useSessionState();
  if (state.kind === "asking") return <Waiting />;
  return <Suspense fallback={<Waiting />}>{state.kind === "signed-in" ? <Shell /> : <SignIn />}</Suspense>;
}

const failure = (
  <Suspense fallback={null}>
    <Failure />
  </Suspense>
);

const router = createBrowserRouter([
  {
    element: (
      <SessionProvider>
        <Outlet />
      </SessionProvider>
    ),
    errorElement: failure,
    children: [
      { path: "/sign-in", element: <SignIn /> },
      {
        element: <Gate />,
        children: [
          { path: "/", element: <Navigate to="/clusters" replace /> },
          // In the frame, which says whether the controller is there.
          ...pages.map(({ path, Page }) => ({ path, element: <Page />, errorElement: failure })),
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
]);

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Theme>
        <RouterProvider router={router} future={{ v7_startTransition: true }} />
      </Theme>
    </QueryClientProvider>
  );
}
