// Who is signed in: the token of the operator, for as long as the tab is open. It goes into one header, and into no URL.

const KEY = "relay.admin-token";

export const session = {
  token: () => sessionStorage.getItem(KEY),
  begin: (token) => sessionStorage.setItem(KEY, token),
  end: () => sessionStorage.removeItem(KEY),
};
